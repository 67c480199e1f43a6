import { HeldClock } from '../runtime/testing/held-clock.js'
import { AddressBudget } from './address-budget.js'

const taken = (budget: AddressBudget, address: string, times: number): number =>
  Array.from({ length: times }, () => budget.take(address)).filter((wait) => wait === 0).length

test('[I16] an address has its burst, then its rate', () => {
  const clock = new HeldClock()
  const budget = new AddressBudget(clock, { perSecond: 2, burst: 5 })
  expect(taken(budget, '10.0.0.1', 20)).toBe(5)
  expect(budget.take('10.0.0.1')).toBe(1)
  clock.advance(1_000)
  expect(taken(budget, '10.0.0.1', 20)).toBe(2)
  clock.advance(3_600_000)
  expect(taken(budget, '10.0.0.1', 20)).toBe(5)
})

test('[I16] a slow rate says how long to wait', () => {
  const budget = new AddressBudget(new HeldClock(), { perSecond: 0.1, burst: 1 })
  budget.take('10.0.0.1')
  expect(budget.take('10.0.0.1')).toBe(10)
})

test('[I16] addresses do not share, but a mapped one is the one it maps, and a network of 64 bits is one', () => {
  const budget = new AddressBudget(new HeldClock(), { perSecond: 1, burst: 1 })
  expect(budget.take('10.0.0.1')).toBe(0)
  expect(budget.take('10.0.0.2')).toBe(0)
  expect(budget.take('::ffff:10.0.0.1')).toBeGreaterThan(0)
  expect(budget.take('2001:db8::1')).toBe(0)
  expect(budget.take('2001:0db8:0:0:ffff::2%eth0')).toBeGreaterThan(0)
  expect(budget.take('2001:db8:0:1::1')).toBe(0)
  expect(budget.take('::1')).toBe(0)
  expect(budget.take('0:0:0:0:0:0:0:1')).toBeGreaterThan(0)
})

test('[I16] a clock set back gives nothing away', () => {
  const clock = new HeldClock()
  const budget = new AddressBudget(clock, { perSecond: 1, burst: 1 })
  budget.take('10.0.0.1')
  clock.advance(-10_000)
  expect(budget.take('10.0.0.1')).toBeGreaterThan(0)
})
