import type { IdentityId } from '@satchel/protocol'
import type { DatasetWrite } from '../domain/dataset-write.js'
import { IDENTITY, OTHER_IDENTITY, OTHER_POOL, path, POOL, replace } from '../domain/testing/a-dataset.js'
import type { FreshDatasets } from './testing/fresh-datasets.js'

/** What a commit must store of its group, and to whom it belongs. */
export function commitContract(on: FreshDatasets): void {
  const { update, commit, write, list, held } = on

  test('[C1] an accepted batch is there to read, with its count', async () => {
    await write(replace('theme', 'dark'))
    expect(await list()).toMatchObject({
      dataset: { exists: true, syncCount: 1, recordCount: 1, bytes: 9, createdAt: 1_000, modifiedBy: 'me' },
      records: [
        { key: 'theme', value: 'dark', syncCount: 1, modifiedAt: 1_000, modifiedBy: 'me', deviceModifiedAt: null },
      ],
      remaining: 0,
    })
  })

  test('[C3] a stale patch is refused, and nothing of its group’s other writes is lost', async () => {
    await write(replace('a', '1'))
    const outcomes = await commit([
      update([replace('b', '1')]),
      update([replace('a', '2', 0)]),
      update([replace('c', '1')]),
    ])
    expect(outcomes).toMatchObject([
      { kind: 'accepted' },
      { kind: 'stale', key: 'a', held: 1, base: 0 },
      { kind: 'accepted' },
    ])
    expect(await held()).toEqual([
      ['a', '1'],
      ['b', '1'],
      ['c', '1'],
    ])
  })

  test('[C4] a batch with one stale patch leaves no record of its others', async () => {
    await write(replace('a', '1'))
    expect(await write(replace('new', 'x'), replace('a', '2', 7))).toMatchObject({ kind: 'stale' })
    expect(await held()).toEqual([['a', '1']])
    expect(await on.store.read(path())).toMatchObject({ syncCount: 1, recordCount: 1 })
  })

  test('[T1] text comes back as it went in: no normalisation, empty values, hostile names, every plane', async () => {
    const names = [
      'é',
      'e\u0301',
      '__proto__',
      'constructor',
      ' ',
      "'; DROP TABLE record; --",
      '😀',
      '\uffff',
      '\u0001',
      '"',
      '\\',
    ]
    await write(...names.map((name) => replace(name, name === ' ' ? '' : name.repeat(2))))
    const found = new Map((await list()).records.map((record) => [record.key as string, record.value]))
    for (const name of names) expect([name, found.get(name)]).toEqual([name, name === ' ' ? '' : name.repeat(2)])
    await commit([update(names.map((name) => replace(name, 'again', 1)))])
    expect((await on.store.read(path())).recordCount).toBe(names.length)
  })

  test('[W3] a disabled identity, an unknown one, and one of another pool are refused', async () => {
    await on.harness.addPool(OTHER_POOL)
    await on.harness.disable(OTHER_IDENTITY)
    const outcomes = await commit([
      update([replace('a', '1')], path('d', OTHER_IDENTITY)),
      update([replace('a', '1')], path('d', 'us-east-1:99' as IdentityId)),
      update([replace('a', '1')], path('d', IDENTITY, OTHER_POOL)),
    ])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['no-identity', 'no-identity', 'no-identity'])
  })

  test('[W3] an identity of a deleted pool is refused at once', async () => {
    await on.harness.doomPool(POOL)
    expect(await write(replace('a', '1'))).toEqual({ kind: 'no-identity' })
  })

  test('[W6] a commit that meets a defect stores nothing of its group', async () => {
    const broken = update([replace('b', '1')], path(), { batch: null } as unknown as Partial<DatasetWrite>)
    await expect(commit([update([replace('a', '1')]), broken])).rejects.toThrow()
    expect(await held()).toEqual([])
    expect(await write(replace('a', '1'))).toMatchObject({ kind: 'accepted', dataset: { syncCount: 1 } })
  })

  test('[C2] a group of many writes over many identities stores each where it belongs', async () => {
    const identities = Array.from(
      { length: 100 },
      (_, n) => `us-east-1:${n.toString(16).padStart(8, '0')}` as IdentityId,
    )
    for (const identity of identities) await on.harness.addIdentity(identity, POOL)
    const outcomes = await commit(identities.map((identity) => update([replace('who', identity)], path('d', identity))))
    expect(outcomes.every(({ kind }) => kind === 'accepted')).toBe(true)
    for (const identity of identities) expect(await held(path('d', identity))).toEqual([['who', identity]])
  })
}
