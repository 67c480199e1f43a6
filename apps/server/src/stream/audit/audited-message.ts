import type { DatasetName, IdentityId, IdentityPoolId } from '@satchel/protocol'
import { createHash } from 'node:crypto'
import type { StreamChangeKind } from '../../domain/stream-change.js'
import type { StreamLink } from '../../domain/stream-standing.js'
import type { TopicMessage } from './topic-reader.js'

/** A message of a change stream, as far as an audit looks at it. */
export type AuditedMessage = StreamLink &
  Readonly<{
    streamName: string
    partition: number
    kind: StreamChangeKind
    pool: IdentityPoolId
    identity: IdentityId
    dataset: DatasetName
    /** 48 bits of the SHA-256 of the value. */
    hash: number
  }>

const HASH_BYTES = 6

/** Reads a message; null when it is none of a change stream, so something else writes to the topic. */
export function readMessage(message: TopicMessage): AuditedMessage | null {
  const { streamName, partition, key, value, headers } = message
  const kind = headers['type'] ?? headers['eventType'] // the second is Debezium's
  const epoch = wholeNumber(headers['epoch'])
  const previousEpoch = wholeNumber(headers['previousEpoch'])
  const previous = wholeNumber(headers['previousSyncCount'])
  const payload = value === null ? null : parsed(value)
  if (kind !== 'change' && kind !== 'snapshot') return null
  if (epoch === null || previousEpoch === null || previous === null) return null
  if (payload === null || key === null || value === null) return null
  const { identityPoolId: pool, identityId: identity, datasetName: dataset, syncCount } = payload
  if (typeof pool !== 'string' || typeof identity !== 'string' || typeof dataset !== 'string') return null
  if (!Number.isSafeInteger(syncCount) || identity !== key) return null
  return {
    streamName,
    partition,
    kind,
    pool: pool as IdentityPoolId,
    identity: identity as IdentityId,
    dataset: dataset as DatasetName,
    epoch,
    previousEpoch,
    previous,
    syncCount: syncCount as number,
    hash: createHash('sha256').update(value).digest().readUIntBE(0, HASH_BYTES),
  }
}

const wholeNumber = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null

function parsed(value: string): Readonly<Record<string, unknown>> | null {
  try {
    const payload: unknown = JSON.parse(value)
    return typeof payload === 'object' && payload !== null ? (payload as Record<string, unknown>) : null
  } catch {
    return null
  }
}
