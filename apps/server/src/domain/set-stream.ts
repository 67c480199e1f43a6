import type { StreamTarget } from './stream-target.js'
import type { CognitoStreams, StreamWish } from './sync-settings.js'

/** Where a stream of this name went to last in its pool, whether it is on or off now; null where it never was on. */
export const targetHeld = (held: CognitoStreams | null, streamName: string): StreamTarget | null =>
  held?.streamName === streamName ? held.target : null

/** The {@link StreamTarget.begun} of a stream that is enabled at a time: what it was under the same name, otherwise none that another name had. */
export const begunOf = (held: CognitoStreams | null, streamName: string, at: number): number =>
  targetHeld(held, streamName)?.begun ?? Math.max(at, (held?.target?.begun ?? 0) + 1)

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
  target: targetHeld(held, wish.streamName),
})

/** What it becomes when the server switches it off (V55): nothing else of it changes. */
export const serverDisabledStream = (held: CognitoStreams, reason: string): CognitoStreams => ({
  ...held,
  streamingStatus: 'DISABLED',
  disabledReason: reason,
})
