import { byteSize } from '@satchel/protocol'
import type { DatasetWrite, WriteOutcome } from '../domain/dataset-write.js'
import { identityHash } from '../domain/identity-hash.js'
import { Refusal } from '../refusal.js'
import { WriteLine, type CommitObserver, type GroupBounds, type LineParts } from './write-line.js'

/** How much may wait, and how much goes into one transaction. */
export type QueueBounds = GroupBounds & Readonly<{ writesMax: number; bytesMax: number }>

export const QUEUE_BOUNDS: QueueBounds = {
  writesMax: 4_096,
  bytesMax: 64 * 1_048_576,
  groupWritesMax: 256,
  groupBytesMax: 8 * 1_048_576,
  waitMsTarget: 2_000,
  waitMsMax: 5_000,
}

/** What the queue tells whoever watches it. */
export type QueueObserver = CommitObserver

/** Seconds that a caller waits before it tries a full queue again. */
const RETRY_AFTER_SECONDS = 1

/** What a queue works with. */
export type QueueParts = Omit<LineParts, 'bounds' | 'observer'> &
  Readonly<{ bounds: QueueBounds; observer: QueueObserver }>

/**
 * What waits for a commit: one line for each of the store's lanes, in which an identity always has the same place (X8). The bounds
 * are over all of them together.
 */
export class WriteQueue {
  private readonly lines: readonly WriteLine[]

  constructor(private readonly parts: QueueParts) {
    this.lines = Array.from({ length: parts.store.lanes }, () => new WriteLine(parts))
  }

  /**
   * Judges and stores one write; resolves once its transaction is durable. Rejects with TooManyRequests when too
   * much is waiting or it would wait for too long, and with ServiceUnavailable when the store failed: whether the write was stored is then
   * unknown, and sending it again is safe.
   */
  submit(write: DatasetWrite): Promise<WriteOutcome> {
    const { bounds, observer } = this.parts
    const bytes = weigh(write)
    const waiting = { writes: this.depth, bytes: this.bytes }
    if (waiting.writes >= bounds.writesMax || waiting.bytes + bytes > Math.max(bounds.bytesMax, bytes)) {
      observer.refused()
      return Promise.reject(
        new Refusal(
          'TooManyRequests',
          `${waiting.writes} writes of ${waiting.bytes} bytes are waiting, which is all that may; try again later`,
          { retryAfterSeconds: RETRY_AFTER_SECONDS },
        ),
      )
    }
    const line = this.lines[identityHash(write.path.identity) % this.lines.length]!
    const refusal = line.refusal()
    if (refusal === null) return line.submit(write, bytes)
    observer.refused()
    return Promise.reject(refusal)
  }

  /** Writes that wait for a transaction. */
  get depth(): number {
    return this.lines.reduce((sum, line) => sum + line.depth, 0)
  }

  /** What waits, in bytes. */
  get bytes(): number {
    return this.lines.reduce((sum, line) => sum + line.bytes, 0)
  }

  /** True while writes of some identities are turned away because they would wait for too long. */
  get isBusy(): boolean {
    return this.lines.some((line) => line.refusal() !== null)
  }

  /** Resolves when nothing waits and no transaction is under way. */
  async drained(): Promise<void> {
    await Promise.all(this.lines.map((line) => line.drained()))
  }
}

/** Roughly what a write holds in memory while it waits. */
function weigh(write: DatasetWrite): number {
  let bytes = 512
  if (write.kind === 'update') {
    for (const patch of write.batch) {
      bytes += 128 + byteSize(patch.key) + (patch.op === 'replace' ? byteSize(patch.value) : 0)
    }
  }
  return bytes
}
