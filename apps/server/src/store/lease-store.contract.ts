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

  test('[SN1] no more is taken than was asked for: what the holder has first, then the first that are free', async () => {
    const most = (holder: string, count: number, now = 1) =>
      harness.stores.leases
        .take({ names: ['a', 'b', 'c', 'd'], holder, now, until: now + 100, most: count })
        .then((leases) => leases.map(({ name, epoch }) => `${name}${epoch}`))
    await take('one', 0, ['a'])
    await take('two', 0, ['c'])
    expect(await most('two', 1)).toEqual(['c1'])
    expect(await most('two', 2)).toEqual(['b1', 'c1'])
    expect(await most('one', 4)).toEqual(['a1', 'd1'])
    expect(await most('three', 4)).toEqual([])
    expect(await most('three', 2, 101)).toEqual(['a2', 'b2'])
    expect(await most('three', 0, 101)).toEqual([])
  })

  test('[SN1] who holds what is told, and nothing of what ended or nobody had', async () => {
    await take('one', 0, ['a'])
    await take('two', 50, ['b'])
    const holders = async (now: number) => [...(await harness.stores.leases.holders({ names: ['c', 'b', 'a'], now }))]
    expect(new Map(await holders(99))).toEqual(
      new Map([
        ['a', 'one'],
        ['b', 'two'],
      ]),
    )
    expect(await holders(100)).toEqual([['b', 'two']])
    await harness.stores.leases.release('two')
    expect(await holders(100)).toEqual([])
  })

  test('[SN1] one of several leases can be given back by itself, and not another holder’s', async () => {
    await take('one', 0)
    await harness.stores.leases.release('two', ['a'])
    await harness.stores.leases.release('one', ['b', 'c'])
    expect(await take('three', 1)).toMatchObject([{ name: 'b', holder: 'three', epoch: 2 }])
    expect(await take('one', 1)).toMatchObject([{ name: 'a', holder: 'one', epoch: 1 }])
  })

  test('[V12] of many that want a lease at once one gets it', async () => {
    const taken = await Promise.all(Array.from({ length: 9 }, (_, n) => take(`holder ${n}`, 0, ['a'])))
    expect(taken.flat()).toHaveLength(1)
  })

  test('[SN1] of many that want one of several at once nobody gets one that another has', async () => {
    const names = Array.from({ length: 9 }, (_, n) => `seat ${n}`)
    const want = (n: number) =>
      harness.stores.leases.take({ names, holder: `holder ${n}`, now: 0, until: 100, most: 1 })
    const taken = (await Promise.all(Array.from({ length: 9 }, (_, n) => want(n)))).flat()
    expect(taken.length).toBeGreaterThan(0)
    expect(new Set(taken.map(({ name }) => name)).size).toBe(taken.length)
    expect(new Set(taken.map(({ holder }) => holder)).size).toBe(taken.length)
    expect((await harness.stores.leases.holders({ names, now: 0 })).size).toBe(taken.length)
  })
}
