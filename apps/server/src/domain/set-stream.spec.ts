import { enabledStream, ownerDisabledStream, partitionsHeld, serverDisabledStream } from './set-stream.js'
import { streamTargetOf, type StreamWish } from './sync-settings.js'

const ON: StreamWish = {
  streamName: 'changes',
  roleArn: 'arn:aws:iam::000000000000:role/r',
  streamingStatus: 'ENABLED',
}
const OFF: StreamWish = { ...ON, streamingStatus: 'DISABLED' }
const TARGET = { streamName: 'changes', partitions: 12, payloadBytesMax: 1_000_000 }

test('[V53] a stream that is switched off, by whomever and however often, knows the partitions it had', () => {
  const byOwner = ownerDisabledStream(enabledStream(ON, TARGET), OFF)
  expect(byOwner).toEqual({ ...OFF, disabledReason: null, target: TARGET })
  expect(partitionsHeld(ownerDisabledStream(byOwner, OFF), 'changes')).toBe(12)
  expect(partitionsHeld(serverDisabledStream(enabledStream(ON, TARGET), 'gone'), 'changes')).toBe(12)
})

test('[V53] under another name it has used none', () => {
  const held = enabledStream(ON, TARGET)
  expect(partitionsHeld(held, 'others')).toBeNull()
  expect(ownerDisabledStream(held, { ...OFF, streamName: 'others' })).toMatchObject({ target: null })
  expect(partitionsHeld(null, 'changes')).toBeNull()
  expect(partitionsHeld(ownerDisabledStream(null, OFF), 'changes')).toBeNull()
})

test('[V55] what the server switches off says why, until its owner sets it', () => {
  const off = serverDisabledStream(enabledStream(ON, TARGET), 'topic "changes" is gone')
  expect(off).toMatchObject({ ...OFF, disabledReason: 'topic "changes" is gone' })
  expect(streamTargetOf({ cognitoStreams: off })).toBeNull()
  expect(ownerDisabledStream(off, OFF).disabledReason).toBeNull()
  expect(enabledStream(ON, TARGET)).toEqual({ ...ON, disabledReason: null, target: TARGET })
})
