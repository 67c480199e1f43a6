import { decodeSnapshot, encodeSnapshot } from './snapshot-file.js'

const FORMAT = 1

test('[NC21] a snapshot is read whatever bytes its checksums come to', () => {
  // A few in a hundred have a byte before the head that is the one which ends the head.
  for (let through = 1; through <= 2_000; through++) {
    const bytes = Uint8Array.from(Buffer.from(`the ${through}th`))
    expect(decodeSnapshot(encodeSnapshot({ through, bytes }, FORMAT), FORMAT)).toEqual({ through, bytes })
  }
})

test('[NC21] one that is cut short, or changed in any byte, is none', () => {
  const whole = encodeSnapshot({ through: 7, bytes: Uint8Array.from([1, 2, 3]) }, FORMAT)
  for (let at = 0; at < whole.length; at++) {
    const changed = Buffer.from(whole)
    changed[at]! ^= 1
    expect([at, decodeSnapshot(changed, FORMAT)]).toEqual([at, null])
    expect([at, decodeSnapshot(whole.subarray(0, at), FORMAT)]).toEqual([at, null])
  }
  expect(decodeSnapshot(null, FORMAT)).toBeNull()
})
