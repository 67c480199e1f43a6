import type { Clock } from '../runtime/clock.js'
import type { OutboxStore } from '../store/outbox-store.js'
import type { StreamObserver } from './stream-observer.js'
import type { TopicOutcome, Topics } from './topics.js'

/** So long a topic must have refused before its stream is parked, milliseconds: a topic that is just being made, or a leader on the move, is not. */
export const PARK_AFTER_MS = 30_000

/** The same for a topic that looks well and refuses all the same, for instance because this server may read it but not write. */
export const PARK_UNEXPLAINED_AFTER_MS = 300_000

/** A stream is tried every few seconds while its topic refuses; one that was not for so long, milliseconds, is taken for a new one. */
const FORGET_AFTER_MS = 60_000

/** Turns off the streams of every pool that publishes to a topic, and notes why. May be called again for the same. */
export type DisableStream = (streamName: string, reason: string) => Promise<void>

/** A send that its topic refused. */
export type Refused = Readonly<{
  streamName: string
  reason: string
  /** The highest partition that was written to. */
  partition: number
  /** A single message of so many bytes was refused for its size; null where it was something else. */
  bytes: number | null
}>

/**
 * Decides when a stream whose topic refuses is given up: its pools' streams are turned off and its rows set aside, so that the others go
 * on (V26). Nothing of it is lost: what is set aside is relayed once the stream is let go again.
 *
 *     refused ── 30 s, looked at: missing, forbidden, too few partitions, batches too small ──▶ parked
 *        │   └── 5 min, looked at: seems well ──────────────────────────────────────────────▶ parked
 *        └── acknowledged, or not tried for a minute ──▶ forgotten
 */
export class Parking {
  /** By stream. */
  private readonly refusals = new Map<string, Readonly<{ since: number; last: number }>>()

  constructor(
    private readonly deps: Readonly<{
      outbox: Pick<OutboxStore, 'park' | 'parked'>
      topics: Topics
      topicPrefix: string
      disable: DisableStream
      clock: Clock
      observer: Pick<StreamObserver, 'parked' | 'failed'>
    }>,
  ) {}

  /** Answers whether the stream is parked by now. */
  async refused(refused: Refused): Promise<boolean> {
    const { streamName } = refused
    const at = this.deps.clock.elapsed()
    this.forgetBefore(at - FORGET_AFTER_MS)
    const since = this.refusals.get(streamName)?.since ?? at
    this.refusals.set(streamName, { since, last: at })
    if (at - since < PARK_AFTER_MS) return false
    const parked = await this.judge(refused, at - since)
    if (parked) this.refusals.delete(streamName)
    return parked
  }

  /** To be called when the topic took rows. */
  acknowledged(streamName: string): void {
    this.refusals.delete(streamName)
  }

  /** Streams that were not tried for so long are another process's matter, or nobody's: their time begins anew. */
  private forgetBefore(time: number): void {
    for (const [streamName, { last }] of this.refusals) if (last < time) this.refusals.delete(streamName)
  }

  private async judge(refused: Refused, lastedMs: number): Promise<boolean> {
    const { outbox, topics, topicPrefix, disable, clock, observer } = this.deps
    const { streamName } = refused
    const reason = explanation(await topics.inspect(topicPrefix + streamName), refused, lastedMs)
    if (reason === null) return false
    try {
      if ((await outbox.parked()).some((stream) => stream.streamName === streamName)) return true
    } catch (cause) {
      observer.failed('park', cause)
      return false
    }
    try {
      // First, so that nothing new comes to what is set aside; both may be done again.
      await disable(streamName, reason)
    } catch (cause) {
      observer.failed('disable', cause)
      return false
    }
    try {
      await outbox.park({ streamName, reason, at: clock.now() })
    } catch (cause) {
      observer.failed('park', cause)
      return false
    }
    observer.parked(streamName, reason)
    return true
  }
}

/** Why a topic cannot be written, in words for its pool's owner; null while that is not certain. */
function explanation(looked: TopicOutcome, { reason, partition, bytes }: Refused, lastedMs: number): string | null {
  switch (looked.kind) {
    case 'missing':
      return 'the topic does not exist'
    case 'forbidden':
      return `the server may not use the topic: ${looked.reason}`
    case 'unreachable':
      return null
    case 'found': {
      const { partitions, batchBytesMax } = looked.facts
      if (partition >= partitions) {
        return `the topic has ${partitions} partitions, and changes wait for partition ${partition}`
      }
      if (bytes !== null && batchBytesMax < bytes) {
        return `the topic takes batches of ${batchBytesMax} bytes, and one change has ${bytes}`
      }
      return lastedMs >= PARK_UNEXPLAINED_AFTER_MS ? `the topic refused every message: ${reason}` : null
    }
  }
}
