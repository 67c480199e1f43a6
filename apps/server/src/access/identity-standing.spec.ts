import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { CachedStanding, STANDINGS_MAX } from './identity-standing.js'
import { HeldStanding, IDENTITY, POOL } from './testing/an-access.js'

const OTHER_POOL = 'eu-central-1:99999999-9999-4999-8999-999999999999' as IdentityPoolId
const identityNumber = (n: number): IdentityId => `eu-central-1:${n.toString(16)}` as IdentityId

function aStanding() {
  const source = new HeldStanding()
  const clock = new HeldClock()
  return { source, clock, standing: new CachedStanding({ source, clock }) }
}

test('[K7] an answer is believed for less than two seconds, then asked for again', async () => {
  const { source, clock, standing } = aStanding()
  expect(await standing.isActive(IDENTITY, POOL)).toBe(true)
  source.ended.add(IDENTITY)
  clock.advance(1_999)
  expect(await standing.isActive(IDENTITY, POOL)).toBe(true)
  expect(source.asked).toBe(1)
  clock.advance(1)
  expect(await standing.isActive(IDENTITY, POOL)).toBe(false)
})

test('[K7] requests at the same time ask once', async () => {
  const { source, standing } = aStanding()
  await Promise.all(Array.from({ length: 50 }, () => standing.isActive(IDENTITY, POOL)))
  expect(source.asked).toBe(1)
})

test('[K7] the same identity in another pool is another question', async () => {
  const { source, standing } = aStanding()
  await standing.isActive(IDENTITY, POOL)
  await standing.isActive(IDENTITY, OTHER_POOL)
  expect(source.asked).toBe(2)
})

test('[K7] a clock set back makes nothing younger', async () => {
  const { source, clock, standing } = aStanding()
  await standing.isActive(IDENTITY, POOL)
  clock.advance(-5_000)
  await standing.isActive(IDENTITY, POOL)
  expect(source.asked).toBe(2)
})

test('[K8] what this node ends is forgotten at once, one identity or a whole pool', async () => {
  const { source, standing } = aStanding()
  const elsewhere = identityNumber(1)
  await standing.isActive(IDENTITY, POOL)
  await standing.isActive(elsewhere, OTHER_POOL)
  source.ended.add(IDENTITY).add(elsewhere)

  standing.forget(IDENTITY)
  expect(await standing.isActive(IDENTITY, POOL)).toBe(false)
  expect(await standing.isActive(elsewhere, OTHER_POOL)).toBe(true)
  standing.forgetPool(OTHER_POOL)
  expect(await standing.isActive(elsewhere, OTHER_POOL)).toBe(false)
})

test('[K8] an answer that was on its way when the identity ended is not kept', async () => {
  const answers: ((active: boolean) => void)[] = []
  const clock = new HeldClock()
  const source = { isActive: () => new Promise<boolean>((resolve) => answers.push(resolve)) }
  const standing = new CachedStanding({ source, clock })
  const early = standing.isActive(IDENTITY, POOL)
  standing.forget(IDENTITY)
  const late = standing.isActive(IDENTITY, POOL)
  answers[0]?.(true)
  answers[1]?.(false)
  expect([await early, await late, await standing.isActive(IDENTITY, POOL)]).toEqual([true, false, false])
})

test('[K7] a failure is passed on and not remembered', async () => {
  let fails = true
  const source = { isActive: () => (fails ? Promise.reject(new Error('disk')) : Promise.resolve(true)) }
  const standing = new CachedStanding({ source, clock: new HeldClock() })
  await expect(standing.isActive(IDENTITY, POOL)).rejects.toThrow('disk')
  fails = false
  expect(await standing.isActive(IDENTITY, POOL)).toBe(true)
})

test('[K7] the memory is bounded, and the oldest answers go first', async () => {
  const { source, standing } = aStanding()
  for (let n = 0; n <= STANDINGS_MAX; n++) await standing.isActive(identityNumber(n), POOL)
  const asked = source.asked
  await standing.isActive(identityNumber(STANDINGS_MAX), POOL)
  expect(source.asked).toBe(asked)
  await standing.isActive(identityNumber(0), POOL)
  expect(source.asked).toBe(asked + 1)
})
