import type { OutboxRow } from '../domain/outbox-row.js'
import type { Message } from './publisher.js'

/** Of the payload and the headers together. */
export const SCHEMA_VERSION = 1

/**
 * The message that tells of a row (V30). Whenever a row is published again its message is the same but for `leaseEpoch`, by which a late message of a
 * relay that was fenced off can be known.
 */
export const rowMessage = (row: OutboxRow, leaseEpoch: number): Message => ({
  partition: row.partition,
  key: row.identity,
  value: row.payload,
  headers: {
    id: row.id,
    type: row.type,
    epoch: String(row.epoch),
    previousEpoch: String(row.previousEpoch),
    previousSyncCount: String(row.previous),
    schemaVersion: String(SCHEMA_VERSION),
    leaseEpoch: String(leaseEpoch),
  },
})
