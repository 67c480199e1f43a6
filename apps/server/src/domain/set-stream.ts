import type { StreamTarget } from './stream-target.js'
import type { CognitoStreams, StreamWish } from './sync-settings.js'

/** The partitions that a stream of this name has used in its pool, whether it is on or off now; null where it has used none. */
export function partitionsHeld(held: CognitoStreams | null, streamName: string): number | null {
  if (held?.streamName !== streamName) return null
  return held.target?.partitions ?? null
}

/** What a pool's stream becomes when its owner switches it on (V50): whatever reason it was off for is gone. */
export const enabledStream = (wish: StreamWish, target: StreamTarget): CognitoStreams => ({
  ...wish,
  streamingStatus: 'ENABLED',
  disabledReason: null,
  target,
})

/** What it becomes when its owner keeps it off; under the same name it remembers where it went (V53). */
export const ownerDisabledStream = (held: CognitoStreams | null, wish: StreamWish): CognitoStreams => ({
  ...wish,
  streamingStatus: 'DISABLED',
  disabledReason: null,
  target: held?.streamName === wish.streamName ? held.target : null,
})

/** What it becomes when the server switches it off (V55): nothing else of it changes. */
export const serverDisabledStream = (held: CognitoStreams, reason: string): CognitoStreams => ({
  ...held,
  streamingStatus: 'DISABLED',
  disabledReason: reason,
})
