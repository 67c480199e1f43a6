import type { DatasetName } from '@satchel/protocol'
import { count, IDENTITY, key, OTHER_IDENTITY, path, remove, replace } from '../domain/testing/a-dataset.js'
import type { FreshDatasets } from './testing/fresh-datasets.js'

/** What a listing must show of records and datasets, in which order. */
export function listingContract(on: FreshDatasets): void {
  const { update, deletion, commit, write, list, held } = on

  test('[R7] a dataset that never was reads as absent', async () => {
    expect(await on.store.read(path('nothing'))).toMatchObject({ exists: false, syncCount: 0, epoch: 0 })
    expect(await list({}, path('nothing'))).toMatchObject({ records: [], mergedNames: [], remaining: 0 })
  })

  test('[P1] a removed record stays listed as a tombstone', async () => {
    await write(replace('a', '1'))
    await write(remove('a', 1))
    expect((await list()).records).toMatchObject([{ key: 'a', value: null, syncCount: 2 }])
    expect(await on.store.read(path())).toMatchObject({ recordCount: 0, bytes: 0, exists: true })
  })

  test('[T2] records of one count are ordered by code point', async () => {
    await write(...['b', '😀', '\uffee', 'B', 'é', 'a', 'aa'].map((name) => replace(name, 'v')))
    expect((await held()).map(([name]) => name)).toEqual(['B', 'a', 'aa', 'b', 'é', '\uffee', '😀'])
  })

  test('[R1] a listing gives what has a greater count than the reader’s', async () => {
    await write(replace('a', '1'))
    await write(replace('b', '2'))
    await write(replace('c', '3'))
    const { records } = await list({ after: { syncCount: count(1), key: null } })
    expect(records.map((record) => record.key)).toEqual(['b', 'c'])
  })

  test('[R5] pages in order of count and key make up the snapshot, and tell what remains', async () => {
    await write(...Array.from({ length: 7 }, (_, n) => replace(`k${n}`, 'v')))
    await write(replace('later', 'v'))
    const first = await list({ through: count(1), limit: 3 })
    expect(first).toMatchObject({ records: [{ key: 'k0' }, { key: 'k1' }, { key: 'k2' }], remaining: 4 })
    const second = await list({ after: { syncCount: count(1), key: key('k2') }, through: count(1), limit: 4 })
    expect(second).toMatchObject({
      records: [{ key: 'k3' }, { key: 'k4' }, { key: 'k5' }, { key: 'k6' }],
      remaining: 0,
    })
  })

  test('[R8] datasets are listed by name, a page at a time, without deleted ones', async () => {
    for (const name of ['b', 'a', 'c', 'B']) await commit([update([replace('k', 'v')], path(name))])
    await commit([deletion('a')])
    const first = await on.store.listDatasets(IDENTITY, { after: '', limit: 2 })
    expect(first.map(({ name }) => name)).toEqual(['B', 'b'])
    const rest = await on.store.listDatasets(IDENTITY, { after: 'b', limit: 2 })
    expect(rest.map(({ name }) => name)).toEqual(['c'])
  })

  test('[M1] a listing names the datasets that were merged beside it, until they are deleted', async () => {
    const merged = [`settings.${OTHER_IDENTITY}`, `settings.us-east-1:0a`]
    const others = ['settings.backup', 'settings-x', 'settingsx', `other.${OTHER_IDENTITY}`]
    for (const name of ['settings', ...merged, ...others]) await commit([update([replace('k', 'v')], path(name))])
    expect((await list()).mergedNames).toEqual([...merged].sort())
    await commit([deletion(merged[0])])
    expect((await list()).mergedNames).toEqual([merged[1]])
  })

  test('[NA9] several datasets are read as one, absent and deleted ones included', async () => {
    for (const name of ['a', 'b', 'c']) await commit([update([replace('k', 'v')], path(name))])
    await commit([update([replace('k', 'theirs')], path('d', OTHER_IDENTITY))])
    await commit([deletion('b')])
    const names = ['never', 'b', 'a', 'd'] as DatasetName[]
    const found = await on.store.readSeveral(IDENTITY, names)
    expect(new Map(found.map((dataset) => [dataset.name, dataset]))).toEqual(
      new Map(await Promise.all(names.map(async (name) => [name, await on.store.read(path(name))] as const))),
    )
    expect(found).toHaveLength(4)
    expect(await on.store.readSeveral(IDENTITY, [])).toEqual([])
  })
}
