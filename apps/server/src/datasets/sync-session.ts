import { createHash } from 'node:crypto'
import type { Batch, DatasetPath, DeviceId } from '@satchel/protocol'
import type { Seal } from '../access/seal.js'
import { SYNC_SESSION_LIFE_MS } from '../domain/batch-marker.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'

const TIME_DIGITS = 9
const RANDOM_BYTES = 16

/**
 * Sync sessions as tokens: sealed for one pool, identity and dataset, good for 24 hours (SPEC S1, S2). Nothing is
 * stored until one is spent. A session's id begins with the time it was opened, so ids order by it.
 */
export class SyncSessions {
  constructor(private readonly deps: Readonly<{ seal: Seal; clock: Clock; random: Random }>) {}

  /** A token for a new session. */
  open(path: DatasetPath): string {
    const { seal, clock, random } = this.deps
    const id = timePrefix(clock.now()) + random.bytes(RANDOM_BYTES).toString('base64url')
    return seal.close('sync-session', contextOf(path), id)
  }

  /** The session's id, or null for a token that is not ours, for another dataset, or expired. */
  idOf(path: DatasetPath, token: string): string | null {
    const id = this.deps.seal.open('sync-session', contextOf(path), token)
    if (id === null) return null
    const openedAt = Number.parseInt(id.slice(0, TIME_DIGITS), 36)
    return this.deps.clock.now() < openedAt + SYNC_SESSION_LIFE_MS ? id : null
  }

  /** Every session with an id below this one has expired. */
  expiredBelow(): string {
    return timePrefix(this.deps.clock.now() - SYNC_SESSION_LIFE_MS)
  }
}

/**
 * What makes two updates the same one (SPEC S4): their patches in order and the device that sends them, however
 * their JSON was spelled.
 */
export function hashOfBatch(batch: Batch, device: DeviceId | null): string {
  const parts: (string | number | null)[] = [device]
  for (const patch of batch) {
    parts.push(patch.op, patch.key, patch.base, patch.deviceModifiedAt, patch.op === 'replace' ? patch.value : null)
  }
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}

const timePrefix = (time: number): string => time.toString(36).padStart(TIME_DIGITS, '0')

const contextOf = ({ pool, identity, dataset }: DatasetPath): string[] => [pool, identity, dataset]
