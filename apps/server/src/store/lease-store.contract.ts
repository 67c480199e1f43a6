import type { OpenStreamStores, StreamHarness } from './testing/stream-harness.js'

/** What every adapter of {@link LeaseStore} must do. */
export function leaseStoreContract(open: OpenStreamStores): void {
  let harness: StreamHarness
  beforeEach(async () => {
    harness = await open()
  })
  afterEach(() => harness.close())

  const take = (holder: string, now: number, names = ['a', 'b']) =>
    harness.stores.leases.take({ names, holder, now, until: now + 100 })

  test('[V12] what is free is taken, in its first epoch, and nobody else gets it', async () => {
    expect(await take('one', 0, ['b', 'a'])).toEqual([
      { name: 'b', holder: 'one', epoch: 1, until: 100 },
      { name: 'a', holder: 'one', epoch: 1, until: 100 },
    ])
    expect(await take('two', 99, ['a', 'b', 'c'])).toEqual([{ name: 'c', holder: 'two', epoch: 1, until: 199 }])
  })

  test('[V12] a holder prolongs what it has without a new epoch', async () => {
    await take('one', 0)
    expect(await take('one', 99, ['a'])).toEqual([{ name: 'a', holder: 'one', epoch: 1, until: 199 }])
    expect(await take('two', 150)).toEqual([{ name: 'b', holder: 'two', epoch: 2, until: 250 }])
  })

  test('[V12] a lease that ended changes hands in a new epoch, and begins one for its old holder too', async () => {
    await take('one', 0)
    expect(await take('two', 100, ['a'])).toMatchObject([{ name: 'a', holder: 'two', epoch: 2 }])
    expect(await take('one', 100)).toMatchObject([{ name: 'b', holder: 'one', epoch: 2 }])
  })

  test('[V12] released leases are free at once, others stay', async () => {
    await take('one', 0, ['a'])
    await take('two', 0, ['b'])
    await harness.stores.leases.release('one')
    expect(await take('three', 1)).toMatchObject([{ name: 'a', holder: 'three', epoch: 2 }])
    expect(await take('two', 1)).toMatchObject([{ name: 'b', holder: 'two', epoch: 1 }])
  })

  test('[V12] of many that want a lease at once one gets it', async () => {
    const taken = await Promise.all(Array.from({ length: 9 }, (_, n) => take(`holder ${n}`, 0, ['a'])))
    expect(taken.flat()).toHaveLength(1)
  })
}
