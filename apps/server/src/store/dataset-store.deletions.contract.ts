import { IDENTITY, OTHER_IDENTITY, OTHER_POOL, path, POOL, remove, replace } from '../domain/testing/a-dataset.js'
import type { FreshDatasets } from './testing/fresh-datasets.js'

/** What a deletion must take and leave, of datasets, tombstones, identities and pools. */
export function deletionContract(on: FreshDatasets): void {
  const { update, deletion, commit, write, list, held } = on

  test('[D1] a deletion takes every record and the next count', async () => {
    await write(replace('a', '1'))
    await write(remove('a', 1), replace('b', '2'))
    const [outcome] = await commit([deletion()])
    expect(outcome).toMatchObject({ kind: 'deleted', before: { syncCount: 2, recordCount: 1 } })
    expect(await list()).toMatchObject({
      dataset: { exists: false, syncCount: 3, deletedAt: 3, bytes: 0 },
      records: [],
    })
  })

  test('[D2] counts go on after a deletion', async () => {
    await write(replace('a', '1'))
    await commit([deletion()])
    expect(await write(replace('a', 'again'))).toMatchObject({ kind: 'accepted', dataset: { syncCount: 3, epoch: 2 } })
    expect(await held()).toEqual([['a', 'again']])
  })

  test('[D6] a dataset is deleted once', async () => {
    await write(replace('a', '1'))
    const remove = deletion()
    expect((await commit([remove, remove])).map(({ kind }) => kind)).toEqual(['deleted', 'missing'])
    expect((await commit([remove]))[0]).toEqual({ kind: 'missing' })
  })

  test('[B2] tombstones older than the age go, a bounded number at a time, and the dataset remembers', async () => {
    await write(replace('a', '1'), replace('b', '1'), replace('c', '1'))
    await commit([update([remove('a', 1)], path(), { at: 5_000 }), update([remove('b', 1)], path(), { at: 6_000 })])
    await commit([update([remove('c', 1)], path(), { at: 9_000 })])
    expect(await on.store.collectTombstones({ before: 9_000, limit: 1 })).toBe(1)
    expect(await on.store.collectTombstones({ before: 9_000, limit: 10 })).toBe(1)
    expect(await on.store.collectTombstones({ before: 9_000, limit: 10 })).toBe(0)
    expect(await held()).toEqual([['c', null]])
    expect(await on.store.read(path())).toMatchObject({ collectedThrough: 3, syncCount: 4 })
  })

  test('[D8] a store that was put back begins a new epoch of every dataset, and counts go on', async () => {
    await write(replace('a', '1'))
    await commit([update([replace('b', '1')], path('other'))])
    await commit([deletion('other')])
    const epochs = async () => [(await on.store.read(path())).epoch, (await on.store.read(path('other'))).epoch]
    expect(await on.store.beginEpoch(5_000)).toBe(2)
    expect(await epochs()).toEqual([5_000, 5_000])
    await write(replace('a', '2', 1))
    expect(await on.store.read(path())).toMatchObject({ syncCount: 2, epoch: 5_000 })
    // One that came after the backup is lost with it, and must not come again as what devices saw of it.
    await commit([update([replace('c', '1')], path('lost and made anew'))])
    expect(await on.store.read(path('lost and made anew'))).toMatchObject({ epoch: 5_001 })
  })

  test('[D8] an epoch begun twice at one time is another one each time', async () => {
    await write(replace('a', '1'))
    await on.store.beginEpoch(5_000)
    await on.store.beginEpoch(5_000)
    expect(await on.store.read(path())).toMatchObject({ epoch: 5_001 })
  })

  test('[D7] what a deleted identity leaves goes piece by piece, and the pool’s usage with it', async () => {
    await write(...Array.from({ length: 25 }, (_, n) => replace(`k${n}`, 'v')))
    await commit([update([replace('x', 'y')], path('d', OTHER_IDENTITY))])
    await on.harness.doomIdentity(IDENTITY, POOL)
    let steps = 0
    while ((await on.store.purge(10)) > 0) steps++
    expect(steps).toBeGreaterThan(0)
    expect(await list()).toMatchObject({ records: [], dataset: { exists: false, syncCount: 0 } })
    expect(await on.store.poolUsage(POOL)).toMatchObject({ usage: { datasets: 1, records: 1, bytes: 2 } })
    expect(await held(path('d', OTHER_IDENTITY))).toEqual([['x', 'y']])
  })

  test('[D7] a deleted pool’s identities and their data go', async () => {
    await on.harness.addPool(OTHER_POOL)
    await write(replace('a', 'b'))
    await commit([update([replace('x', 'y')], path('d', OTHER_IDENTITY))])
    await on.harness.doomPool(POOL)
    for (let steps = 0; (await on.store.purge(1)) > 0; steps++) if (steps > 100) throw new Error('purging never ends')
    expect((await list()).records).toEqual([])
    expect(await on.store.poolUsage(POOL)).toMatchObject({ usage: { datasets: 0, records: 0, bytes: 0 } })
  })
}
