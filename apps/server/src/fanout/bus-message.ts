import {
  parseChanged,
  parseDeviceId,
  parseIdentityId,
  parseIdentityPoolId,
  type IdentityId,
  type IdentityPoolId,
} from '@satchel/protocol'
import type { CommittedChange } from '../datasets/commit-feed.js'
import { recordsWithin } from '../datasets/committed-change.js'

/** Somebody may not be served any more: an identity that was disabled or deleted, a pool that was deleted. */
export type Departure =
  Readonly<{ kind: 'identity-gone'; identity: IdentityId }> | Readonly<{ kind: 'pool-gone'; pool: IdentityPoolId }>

/** What the nodes of a site tell each other. All of it may be lost, repeated, late and out of order. */
export type BusMessage =
  | Readonly<{ kind: 'changed'; change: CommittedChange }>
  | Departure
  /** Rows were put into the outbox. */
  | Readonly<{ kind: 'stream-committed' }>
  /** A node may not have told all that it committed: whoever has watchers looks for them. */
  | Readonly<{ kind: 'missed' }>

/** Larger commits, in UTF-8 bytes of keys and values, are told to other nodes without their records: devices there ask. */
export const CARRIED_BYTES_MAX = 65_536

export const encodeMessage = (message: BusMessage): Buffer => Buffer.from(JSON.stringify(message), 'utf8')

/** A change as it goes to other nodes. */
export const carriedChange = ({ identity, device, changed }: CommittedChange): BusMessage => ({
  kind: 'changed',
  change: {
    identity,
    device,
    changed: { ...changed, records: changed.records && recordsWithin(changed.records, CARRIED_BYTES_MAX) },
  },
})

/** Reads what was opened; null for what is no message of this version. */
export function parseMessage(plain: Buffer): BusMessage | null {
  const sent = parsedJson(plain)
  if (sent === null) return null
  switch (sent['kind']) {
    case 'changed':
      return parseCommitted(sent['change'])
    case 'identity-gone': {
      const identity = parseIdentityId(sent['identity'])
      return identity.ok ? { kind: 'identity-gone', identity: identity.value } : null
    }
    case 'pool-gone': {
      const pool = parseIdentityPoolId(sent['pool'])
      return pool.ok ? { kind: 'pool-gone', pool: pool.value } : null
    }
    case 'stream-committed':
      return { kind: 'stream-committed' }
    case 'missed':
      return { kind: 'missed' }
    default:
      return null
  }
}

function parseCommitted(sent: unknown): BusMessage | null {
  if (!isObject(sent)) return null
  const identity = parseIdentityId(sent['identity'])
  const changed = parseChanged(sent['changed'])
  const device = sent['device'] === null ? null : parseDeviceId(sent['device'])
  if (!identity.ok || !changed.ok || device?.ok === false) return null
  return {
    kind: 'changed',
    change: { identity: identity.value, device: device?.value ?? null, changed: changed.value },
  }
}

function parsedJson(plain: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const sent: unknown = JSON.parse(plain.toString('utf8'))
    return isObject(sent) ? sent : null
  } catch {
    return null
  }
}

const isObject = (sent: unknown): sent is Readonly<Record<string, unknown>> => typeof sent === 'object' && sent !== null
