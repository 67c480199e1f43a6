import { SystemRandom } from '../runtime/random.js'
import { aKeyring } from './testing/bus-nodes.js'
import { FORMAT_VERSION, MessageSeal } from './message-seal.js'

const random = new SystemRandom()
const aSeal = (first = 7, ...others: readonly number[]) =>
  new MessageSeal({ keyring: aKeyring(first, ...others), random })

const HEAD = 23

test('[RD4] no two messages are sealed alike: each process has a key of its own, and counts', () => {
  const [one, two] = [aSeal(), aSeal()]
  const channel = one.channelOf('somebody')
  const plain = Buffer.from('the same')
  const heads = new Set<string>()
  const bodies = new Set<string>()
  for (let count = 0; count < 1_000; count++) {
    for (const seal of [one, two]) {
      const sealed = seal.close(channel, plain)
      heads.add(sealed.subarray(0, HEAD).toString('hex'))
      bodies.add(sealed.subarray(HEAD).toString('hex'))
    }
  }
  expect([heads.size, bodies.size]).toEqual([2_000, 2_000])
})

test('[RD4] every bit of a message, and its channel, is vouched for', () => {
  const [one, two] = [aSeal(), aSeal()]
  const channel = one.channelOf('somebody')
  const sealed = one.close(channel, Buffer.from('a secret'))
  expect(two.open(channel, sealed)).toEqual({ kind: 'opened', plain: Buffer.from('a secret') })
  expect(sealed.includes('secret')).toBe(false)
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const bent = Buffer.from(sealed)
    bent[bit >> 3]! ^= 1 << (bit & 7)
    expect(two.open(channel, bent).kind).toBe('refused')
  }
  for (let length = 0; length < sealed.length; length++) {
    expect(two.open(channel, sealed.subarray(0, length)).kind).toBe('refused')
  }
  expect(two.open(two.channelOf('somebody else'), sealed)).toEqual({ kind: 'refused', why: 'forged' })
})

test('[RD4] what another version sealed is told apart, and what this very process sealed', () => {
  const [one, two] = [aSeal(), aSeal()]
  const channel = one.channelOf('somebody')
  const sealed = one.close(channel, Buffer.from('hello'))
  expect(one.open(channel, sealed)).toEqual({ kind: 'own' })
  const newer = Buffer.from(sealed)
  newer[0] = FORMAT_VERSION + 1
  expect(two.open(channel, newer)).toEqual({ kind: 'refused', why: 'version' })
})

test('[RD4] sites with other master keys have other channels and open nothing of each other', () => {
  const [ours, theirs, both] = [aSeal(1), aSeal(2), aSeal(2, 1)]
  expect(ours.channelOf('x')).not.toBe(theirs.channelOf('x'))
  expect(new Set(both.channelsOf('x'))).toEqual(new Set([ours.channelOf('x'), theirs.channelOf('x')]))
  expect(both.channelOf('x')).toBe(theirs.channelOf('x'))
  const sealed = ours.close(ours.channelOf('x'), Buffer.from('hello'))
  expect(theirs.open(ours.channelOf('x'), sealed)).toEqual({ kind: 'refused', why: 'forged' })
  expect(both.open(ours.channelOf('x'), sealed).kind).toBe('opened')
})
