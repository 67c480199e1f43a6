import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { GatheredStanding } from './gathered-standing.js'
import { POOL } from './testing/an-access.js'

const OTHER_POOL = 'eu-central-1:99999999-9999-4999-8999-999999999999' as IdentityPoolId
const identityNumber = (n: number): IdentityId => `eu-central-1:${n.toString(16)}` as IdentityId

/** Even identities are active, in one pool. */
function aGathering() {
  const asked: (readonly IdentityId[])[] = []
  const source = {
    fails: false,
    poolsOfActive(identities: readonly IdentityId[]) {
      asked.push(identities)
      if (this.fails) return Promise.reject(new Error('disk'))
      const even = identities.filter((identity) => Number.parseInt(identity.split(':')[1]!, 16) % 2 === 0)
      return Promise.resolve(new Map(even.map((identity) => [identity, POOL])))
    },
  }
  return { asked, source, standing: new GatheredStanding({ source, clock: new HeldClock() }) }
}

test('[K7] who asks in the same turn is told by one question, each of his own identity and pool', async () => {
  const { asked, standing } = aGathering()
  const numbers = Array.from({ length: 100 }, (_, n) => n)
  const told = await Promise.all(numbers.map((n) => standing.isActive(identityNumber(n), n === 4 ? OTHER_POOL : POOL)))
  expect(told).toEqual(numbers.map((n) => n % 2 === 0 && n !== 4))
  expect(asked.map((identities) => identities.length)).toEqual([100])
  expect(await standing.isActive(identityNumber(2), POOL)).toBe(true)
  expect(asked).toHaveLength(2)
})

test('[K7] an identity that two ask for is asked for once, and a question holds 500', async () => {
  const { asked, standing } = aGathering()
  const numbers = Array.from({ length: 1_202 }, (_, n) => n >> 1)
  const told = await Promise.all(numbers.map((n) => standing.isActive(identityNumber(n), POOL)))
  expect(told).toEqual(numbers.map((n) => n % 2 === 0))
  expect(asked.flat().length).toBeLessThanOrEqual(602)
  expect(asked.every((identities) => identities.length <= 500)).toBe(true)
})

test('[K7] a question that fails, fails for all of it, and the next one is asked anew', async () => {
  const { source, standing } = aGathering()
  source.fails = true
  const told = await Promise.allSettled([0, 2].map((n) => standing.isActive(identityNumber(n), POOL)))
  expect(told.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  source.fails = false
  expect(await standing.isActive(identityNumber(0), POOL)).toBe(true)
})
