import { begunOf, enabledStream, ownerDisabledStream, serverDisabledStream, targetHeld } from './set-stream.js'
import { streamTargetOf, type StreamWish } from './sync-settings.js'

const ON: StreamWish = {
  streamName: 'changes',
  roleArn: 'arn:aws:iam::000000000000:role/r',
  streamingStatus: 'ENABLED',
}
const OFF: StreamWish = { ...ON, streamingStatus: 'DISABLED' }
const TARGET = { streamName: 'changes', partitions: 12, begun: 700, payloadBytesMax: 1_000_000 }

test('[V53] a stream that is switched off, by whomever and however often, knows the partitions it had, and when it began', () => {
  const byOwner = ownerDisabledStream(enabledStream(ON, TARGET), OFF)
  expect(byOwner).toEqual({ ...OFF, disabledReason: null, target: TARGET })
  for (const held of [ownerDisabledStream(byOwner, OFF), serverDisabledStream(enabledStream(ON, TARGET), 'gone')]) {
    expect(targetHeld(held, 'changes')).toEqual(TARGET)
    expect(begunOf(held, 'changes', 9_000)).toBe(700)
  }
})

test('[V53] under another name it has used none, and begins anew', () => {
  const held = enabledStream(ON, TARGET)
  expect(targetHeld(held, 'others')).toBeNull()
  expect(begunOf(held, 'others', 9_000)).toBe(9_000)
  expect(ownerDisabledStream(held, { ...OFF, streamName: 'others' })).toMatchObject({ target: null })
  expect(targetHeld(null, 'changes')).toBeNull()
  expect(begunOf(null, 'changes', 9_000)).toBe(9_000)
  expect(targetHeld(ownerDisabledStream(null, OFF), 'changes')).toBeNull()
})

test('[V53] a stream never begins when the one before it did, whatever the clock says', () => {
  expect([700, 699, 0].map((at) => begunOf(enabledStream(ON, TARGET), 'others', at))).toEqual([701, 701, 701])
})

test('[V55] what the server switches off says why, until its owner sets it', () => {
  const off = serverDisabledStream(enabledStream(ON, TARGET), 'topic "changes" is gone')
  expect(off).toMatchObject({ ...OFF, disabledReason: 'topic "changes" is gone' })
  expect(streamTargetOf({ cognitoStreams: off })).toBeNull()
  expect(ownerDisabledStream(off, OFF).disabledReason).toBeNull()
  expect(enabledStream(ON, TARGET)).toEqual({ ...ON, disabledReason: null, target: TARGET })
})
