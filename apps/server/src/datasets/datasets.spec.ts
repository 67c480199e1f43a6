import { count, OTHER_IDENTITY, path, remove, replace } from '../domain/testing/a-dataset.js'
import { datasetsWorld, type DatasetsWorld } from './testing/datasets-world.js'

describe('listing', () => {
  test('[R2] count 0 lists everything, tombstones included', async () => {
    const { list, write } = await datasetsWorld()
    await write(replace('a', '1'), replace('b', '1'))
    await write(remove('a', 1))
    expect((await list()).records.map(({ key, value }) => [key, value])).toEqual([
      ['b', '1'],
      ['a', null],
    ])
  })

  test('[R4] a page without a limit holds a whole dataset', async () => {
    const { list, write } = await datasetsWorld()
    await write(...Array.from({ length: 1_024 }, (_, n) => replace(`k${n}`, 'v')))
    await write(...Array.from({ length: 500 }, (_, n) => remove(`k${n}`, 1)))
    const listing = await list()
    expect(listing.records).toHaveLength(1_024)
    expect(listing.nextToken).toBeNull()
  })

  async function pages({ list }: DatasetsWorld, limit: number, between: () => Promise<unknown>) {
    const seen = new Map<string, string | null>()
    let nextToken: string | null = null
    const counts: number[] = []
    do {
      const page: Awaited<ReturnType<typeof list>> = await list({ limit, nextToken })
      expect(page.kind).toBe('listed')
      for (const { key, value } of page.records) seen.set(key, value)
      counts.push(page.syncCount)
      nextToken = page.nextToken
      if (counts.length === 1) await between()
    } while (nextToken !== null)
    return { seen, counts }
  }

  test('[R5] pages are one snapshot: what is added or changed behind the reader does not show', async () => {
    const world = await datasetsWorld()
    await world.write(...['a', 'b', 'c', 'd', 'e'].map((name) => replace(name, 'old')))
    const { seen, counts } = await pages(world, 2, async () => {
      await world.write(replace('a', 'new', 1), replace('added', 'new'))
    })
    expect([...seen]).toEqual([...'abcde'].map((name) => [name, 'old']))
    expect(counts).toEqual([1, 1, 1])
  })

  test('[R6] when a record still to come is overwritten, the pages together show the newer count whole', async () => {
    const world = await datasetsWorld()
    await world.write(...['a', 'b', 'c', 'd', 'e'].map((name) => replace(name, 'old')))
    const { seen, counts } = await pages(world, 2, async () => {
      await world.write(replace('a', 'new', 1), replace('d', 'new', 1))
    })
    expect(Object.fromEntries(seen)).toEqual({ a: 'new', b: 'old', c: 'old', d: 'new', e: 'old' })
    expect(counts.at(-1)).toBe(2)
  })

  test('[R6] a dataset deleted between two pages ends the listing and says so', async () => {
    const { list, write, datasets } = await datasetsWorld()
    await write(...['a', 'b', 'c'].map((name) => replace(name, 'old')))
    const first = await list({ limit: 1 })
    await datasets.delete(path(), 'me')
    const second = await list({ limit: 1, nextToken: first.nextToken })
    expect(second).toMatchObject({ exists: false, syncCount: 0, deletedSince: true, records: [], nextToken: null })
  })

  test('[R5] a page token is sealed for its dataset', async () => {
    const { list, write } = await datasetsWorld()
    await write(replace('a', '1'), replace('b', '1'))
    const { nextToken } = await list({ limit: 1 })
    expect(await list({ nextToken }, path('other'))).toEqual({ kind: 'bad-next-token' })
    expect(await list({ nextToken: nextToken!.slice(0, -2) })).toEqual({ kind: 'bad-next-token' })
  })

  test('[R3] a count above the dataset’s is refused', async () => {
    const { list, write } = await datasetsWorld()
    await write(replace('a', '1'))
    expect(await list({ since: count(2) })).toEqual({ kind: 'no-such-count', since: 2 })
  })

  test('[D5] a reader of a recreated dataset is told on every page', async () => {
    const { list, write, datasets } = await datasetsWorld()
    await write(replace('a', '1'))
    await datasets.delete(path(), 'me')
    await write(replace('a', '1'), replace('b', '1'), replace('c', '1'))
    const first = await list({ since: count(1), limit: 2 })
    const second = await list({ since: count(1), limit: 2, nextToken: first.nextToken })
    expect([first.deletedSince, second.deletedSince]).toEqual([true, true])
    expect([...first.records, ...second.records]).toHaveLength(3)
  })
})

test('[R8] datasets are listed in pages, whose tokens hold for their identity only', async () => {
  const { list, update, datasets } = await datasetsWorld()
  for (const name of ['c', 'a', 'b'])
    await update((await list({}, path(name))).sessionToken, [replace('k', 'v')], path(name))
  const first = await datasets.list(path(), { limit: 2, nextToken: null })
  expect(first).toMatchObject({ kind: 'listed', datasets: [{ name: 'a' }, { name: 'b' }] })
  const nextToken = (first as { nextToken: string }).nextToken
  expect(await datasets.list(path(), { limit: 2, nextToken })).toMatchObject({
    datasets: [{ name: 'c' }],
    nextToken: null,
  })
  expect(await datasets.list(path('x', OTHER_IDENTITY), { limit: 2, nextToken })).toEqual({ kind: 'bad-next-token' })
})
