import { HeldClock } from '../../../runtime/testing/held-clock.js'
import { ReplicaCircuit } from './replica-circuit.js'

function setUp() {
  const clock = new HeldClock()
  return { clock, circuit: new ReplicaCircuit(clock) }
}

test('[PL9] a replica that failed is left alone for five seconds, and for longer each time, a minute at most', () => {
  const { clock, circuit } = setUp()
  for (const seconds of [5, 10, 20, 40, 60, 60]) {
    expect(circuit.mayTry()).toBe(true)
    circuit.went('away')
    clock.advance(seconds * 1_000 - 1)
    expect(circuit.mayTry()).toBe(false)
    clock.advance(1)
  }
  expect(circuit.mayTry()).toBe(true)
  circuit.went('well')
  circuit.went('away')
  clock.advance(5_000)
  expect(circuit.mayTry()).toBe(true)
})

test('[PL9] after a rest one may try it, and all others once that went well', () => {
  const { clock, circuit } = setUp()
  expect([circuit.mayTry(), circuit.mayTry()]).toEqual([true, true])
  circuit.went('away')
  clock.advance(5_000)
  expect([circuit.mayTry(), circuit.mayTry()]).toEqual([true, false])
  circuit.went('unasked')
  expect([circuit.mayTry(), circuit.mayTry()]).toEqual([true, false])
  circuit.went('well')
  expect([circuit.mayTry(), circuit.mayTry()]).toEqual([true, true])
})

test('[PL9] being behind now and then is usual; several times in a row it is left alone for two seconds', () => {
  const { clock, circuit } = setUp()
  for (const how of ['behind', 'behind', 'behind', 'well', 'behind', 'behind', 'behind'] as const) circuit.went(how)
  expect(circuit.mayTry()).toBe(true)
  circuit.went('behind')
  expect(circuit.mayTry()).toBe(false)
  clock.advance(2_000)
  expect([circuit.mayTry(), circuit.mayTry()]).toEqual([true, false])
  circuit.went('behind')
  expect(circuit.mayTry()).toBe(false)
})
