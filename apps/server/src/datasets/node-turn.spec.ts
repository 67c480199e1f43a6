import { HeldClock } from '../runtime/testing/held-clock.js'
import { MemoryDatabase } from '../store/memory/memory-database.js'
import { MemoryLeaseStore } from '../store/memory/memory-lease-store.js'
import type { LeaseStore } from '../store/lease-store.js'
import { NodeTurn } from './node-turn.js'

describe('whose turn it is', () => {
  const clock = new HeldClock()
  let leases: LeaseStore
  let asked: number
  const node = (holder: string) => new NodeTurn({ leases, name: 'work', nameHolder: () => holder, clock })
  beforeEach(() => {
    asked = 0
    const memory = new MemoryLeaseStore(new MemoryDatabase())
    leases = {
      take: (request) => (asked++, memory.take(request)),
      release: (holder) => memory.release(holder),
      holders: (request) => memory.holders(request),
    }
  })

  test('[MV6] it is one node at a time, which keeps it for as long as it works, and asks the database seldom', async () => {
    const [one, other] = [node('one'), node('other')]
    let both = 0
    for (let second = 0; second < 600; second++) {
      const [mine, theirs] = [await one.isOurs(), await other.isOurs()]
      expect(mine).toBe(true)
      if (theirs) both++
      clock.advance(1_000)
    }
    expect(both).toBe(0)
    expect(asked).toBeLessThan(100)
  })

  test('[MV6] of a node that died it passes to another within half a minute, of one that stopped at the next question', async () => {
    const [dead, other, third] = [node('dead'), node('other'), node('third')]
    expect([await dead.isOurs(), await other.isOurs()]).toEqual([true, false])
    let seconds = 0
    for (; !(await other.isOurs()); seconds++) clock.advance(1_000)
    expect(seconds).toBeGreaterThan(20)
    expect(seconds).toBeLessThanOrEqual(40)
    await other.end()
    expect(await third.isOurs()).toBe(true)
  })

  test('[MV6] a time of day that is set back makes no turn longer', async () => {
    const skew = { byDay: 0 }
    const own = { now: () => clock.now() + skew.byDay, elapsed: () => clock.elapsed() }
    const one = new NodeTurn({ leases, name: 'work', nameHolder: () => 'one', clock: own })
    await one.isOurs()
    skew.byDay = -3_600_000
    clock.advance(25_000)
    expect(asked).toBe(1)
    await one.isOurs()
    expect(asked).toBe(2)
  })

  test('[MV6] a node that was held up for longer than its turn asks before it goes on', async () => {
    const [held, other] = [node('held'), node('other')]
    expect(await held.isOurs()).toBe(true)
    clock.advance(60_000)
    expect(await other.isOurs()).toBe(true)
    expect(await held.isOurs()).toBe(false)
  })
})
