import {
  AWS_LIMITS,
  type Batch,
  type DatasetName,
  type DatasetPath,
  type DeviceId,
  type IdentityId,
} from '@satchel/protocol'
import { deviceMarkerId } from '../domain/batch-marker.js'
import type { DatasetWrite, WriteOutcome } from '../domain/dataset-write.js'
import {
  count,
  IDENTITY,
  key,
  OTHER_IDENTITY,
  OTHER_POOL,
  path,
  POOL,
  remove,
  replace,
} from '../domain/testing/a-dataset.js'
import type { ListRequest } from './dataset-store.js'
import type { StoreHarness } from './testing/store-harness.js'

const ALL: ListRequest = { after: { syncCount: count(0), key: null }, through: null, limit: 10_000 }

/** What every adapter of {@link DatasetStore} must do. */
export function datasetStoreContract(open: () => Promise<StoreHarness>): void {
  let harness: StoreHarness
  let sessions = 0

  beforeEach(async () => {
    harness = await open()
    await harness.addPool(POOL)
    await harness.addIdentity(IDENTITY, POOL)
    await harness.addIdentity(OTHER_IDENTITY, POOL)
  })
  afterEach(() => harness.close())

  const update = (batch: Batch, where: DatasetPath = path(), over: Partial<DatasetWrite> = {}): DatasetWrite => ({
    kind: 'update',
    path: where,
    batch,
    origin: { id: `s${sessions++}`, number: 0, hash: 'h' },
    device: null,
    at: 1_000,
    by: 'me',
    ...over,
  })
  const commit = (writes: DatasetWrite[], limits = AWS_LIMITS): Promise<readonly WriteOutcome[]> =>
    harness.store.commit(writes, limits)
  const write = async (...batch: Batch): Promise<WriteOutcome> => (await commit([update(batch)]))[0]!
  const list = (request: Partial<ListRequest> = {}, where = path()) => harness.store.list(where, { ...ALL, ...request })
  const held = async (where = path()) => (await list({}, where)).records.map(({ key, value }) => [key, value])

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

  test('[R7] a dataset that never was reads as absent', async () => {
    expect(await harness.store.read(path('nothing'))).toMatchObject({ exists: false, syncCount: 0, epoch: 0 })
    expect(await list({}, path('nothing'))).toMatchObject({ records: [], mergedNames: [], remaining: 0 })
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
    expect(await harness.store.read(path())).toMatchObject({ syncCount: 1, recordCount: 1 })
  })

  test('[P1] a removed record stays listed as a tombstone', async () => {
    await write(replace('a', '1'))
    await write(remove('a', 1))
    expect((await list()).records).toMatchObject([{ key: 'a', value: null, syncCount: 2 }])
    expect(await harness.store.read(path())).toMatchObject({ recordCount: 0, bytes: 0, exists: true })
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
    expect((await harness.store.read(path())).recordCount).toBe(names.length)
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

  test('[D1] a deletion takes every record and the next count', async () => {
    await write(replace('a', '1'))
    await write(remove('a', 1), replace('b', '2'))
    const [outcome] = await commit([{ kind: 'delete', path: path(), at: 2_000, by: 'me' }])
    expect(outcome).toMatchObject({ kind: 'deleted', before: { syncCount: 2, recordCount: 1 } })
    expect(await list()).toMatchObject({
      dataset: { exists: false, syncCount: 3, deletedAt: 3, bytes: 0 },
      records: [],
    })
  })

  test('[D2] counts go on after a deletion', async () => {
    await write(replace('a', '1'))
    await commit([{ kind: 'delete', path: path(), at: 2_000, by: 'me' }])
    expect(await write(replace('a', 'again'))).toMatchObject({ kind: 'accepted', dataset: { syncCount: 3, epoch: 2 } })
    expect(await held()).toEqual([['a', 'again']])
  })

  test('[D6] a dataset is deleted once', async () => {
    await write(replace('a', '1'))
    const remove = { kind: 'delete', path: path(), at: 2_000, by: 'me' } as const
    expect((await commit([remove, remove])).map(({ kind }) => kind)).toEqual(['deleted', 'missing'])
    expect((await commit([remove]))[0]).toEqual({ kind: 'missing' })
  })

  test('[S4] a batch sent again after other writes gets its first answer and is applied once', async () => {
    const sent = update([replace('a', '1'), replace('b', '1')])
    const [first] = await commit([sent])
    await write(replace('a', '2', 1))
    const [again] = await commit([sent])
    expect(again).toMatchObject({
      kind: 'repeated',
      written: (first as { written: unknown }).written,
      syncCount: 1,
      at: 1_000,
      by: 'me',
      dataset: { syncCount: 2 },
    })
    expect(await harness.store.read(path())).toMatchObject({ syncCount: 2 })
    expect(new Map((await held()) as [string, string][]).get('a')).toBe('2')
  })

  test('[S4] a spent session is refused for anything else, also after a restart', async () => {
    const sent = update([replace('a', '1')], path(), { origin: { id: 'spent', number: 0, hash: 'one' } })
    await commit([sent])
    harness = await harness.reopen()
    const [other] = await commit([
      update([replace('a', '2', 1)], path(), { origin: { id: 'spent', number: 0, hash: 'two' } }),
    ])
    expect(other).toEqual({ kind: 'session-spent' })
    expect(await harness.store.hasMarker(IDENTITY, 'spent')).toBe(true)
    expect(await harness.store.hasMarker(IDENTITY, 'unspent')).toBe(false)
  })

  test('[W3] a disabled identity, an unknown one, and one of another pool are refused', async () => {
    await harness.addPool(OTHER_POOL)
    await harness.disable(OTHER_IDENTITY)
    const outcomes = await commit([
      update([replace('a', '1')], path('d', OTHER_IDENTITY)),
      update([replace('a', '1')], path('d', 'us-east-1:99' as IdentityId)),
      update([replace('a', '1')], path('d', IDENTITY, OTHER_POOL)),
    ])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['no-identity', 'no-identity', 'no-identity'])
  })

  test('[W3] an identity of a deleted pool is refused at once', async () => {
    await harness.doomPool(POOL)
    expect(await write(replace('a', '1'))).toEqual({ kind: 'no-identity' })
  })

  test('[L9] writers racing for the last bytes never pass a limit', async () => {
    const limits = { ...AWS_LIMITS, bytesPerDatasetMax: 1_000, bytesPerIdentityMax: 1_500 }
    const groups = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        commit(
          [update([replace(`k${String(n).padStart(2, '0')}`, 'x'.repeat(97))], path(n % 2 ? 'odd' : 'even'))],
          limits,
        ),
      ),
    )
    expect(groups.flat().filter(({ kind }) => kind === 'accepted')).toHaveLength(15)
    const { usage } = await harness.store.identityUsage(IDENTITY)
    expect(usage).toEqual({ datasets: 2, records: 15, bytes: 1_500 })
  })

  test('[U1] usage is what the records add up to: per dataset, identity and pool', async () => {
    await write(replace('a', '12345'), replace('b', '1'))
    await commit([
      update([replace('ключ', '値')], path('other')),
      update([replace('x', 'y')], path('d', OTHER_IDENTITY)),
    ])
    await write(remove('b', 1), replace('a', '1', 1))
    expect(await harness.store.identityUsage(IDENTITY)).toEqual({
      usage: { datasets: 2, records: 2, bytes: 2 + 11 },
      modifiedAt: 1_000,
    })
    expect(await harness.store.poolUsage(POOL)).toEqual({
      pool: POOL,
      usage: { datasets: 3, records: 3, bytes: 2 + 11 + 2 },
      syncSessions: 0,
      modifiedAt: 1_000,
    })
    expect(await harness.store.identityUsage('us-east-1:00' as IdentityId)).toMatchObject({
      usage: { datasets: 0 },
      modifiedAt: 0,
    })
  })

  test('[U2] sync sessions add up per pool', async () => {
    await harness.store.addSyncSessions(new Map([[POOL, 3]]))
    await harness.store.addSyncSessions(new Map([[POOL, 4]]))
    expect(await harness.store.poolUsage(POOL)).toMatchObject({ syncSessions: 7 })
    expect(await harness.store.poolUsage(OTHER_POOL)).toMatchObject({ syncSessions: 0 })
  })

  test('[R8] datasets are listed by name, a page at a time, without deleted ones', async () => {
    for (const name of ['b', 'a', 'c', 'B']) await commit([update([replace('k', 'v')], path(name))])
    await commit([{ kind: 'delete', path: path('a'), at: 1, by: 'me' }])
    const first = await harness.store.listDatasets(IDENTITY, { after: '', limit: 2 })
    expect(first.map(({ name }) => name)).toEqual(['B', 'b'])
    const rest = await harness.store.listDatasets(IDENTITY, { after: 'b', limit: 2 })
    expect(rest.map(({ name }) => name)).toEqual(['c'])
  })

  test('[M1] a listing names the datasets that were merged beside it, until they are deleted', async () => {
    const merged = [`settings.${OTHER_IDENTITY}`, `settings.us-east-1:0a`]
    const others = ['settings.backup', 'settings-x', 'settingsx', `other.${OTHER_IDENTITY}`]
    for (const name of ['settings', ...merged, ...others]) await commit([update([replace('k', 'v')], path(name))])
    expect((await list()).mergedNames).toEqual([...merged].sort())
    await commit([{ kind: 'delete', path: path(merged[0]), at: 1, by: 'me' }])
    expect((await list()).mergedNames).toEqual([merged[1]])
  })

  test('[B2] tombstones older than the age go, a bounded number at a time, and the dataset remembers', async () => {
    await write(replace('a', '1'), replace('b', '1'), replace('c', '1'))
    await commit([update([remove('a', 1)], path(), { at: 5_000 }), update([remove('b', 1)], path(), { at: 6_000 })])
    await commit([update([remove('c', 1)], path(), { at: 9_000 })])
    expect(await harness.store.collectTombstones({ before: 9_000, limit: 1 })).toBe(1)
    expect(await harness.store.collectTombstones({ before: 9_000, limit: 10 })).toBe(1)
    expect(await harness.store.collectTombstones({ before: 9_000, limit: 10 })).toBe(0)
    expect(await held()).toEqual([['c', null]])
    expect(await harness.store.read(path())).toMatchObject({ collectedThrough: 3, syncCount: 4 })
  })

  test('[D8] a store that was put back begins a new epoch of every dataset, and counts go on', async () => {
    await write(replace('a', '1'))
    await commit([update([replace('b', '1')], path('other'))])
    await commit([{ kind: 'delete', path: path('other'), at: 2_000, by: 'me' }])
    const epochs = async () => [
      (await harness.store.read(path())).epoch,
      (await harness.store.read(path('other'))).epoch,
    ]
    expect(await harness.store.beginEpoch(5_000)).toBe(2)
    expect(await epochs()).toEqual([5_000, 5_000])
    await write(replace('a', '2', 1))
    expect(await harness.store.read(path())).toMatchObject({ syncCount: 2, epoch: 5_000 })
    // One that came after the backup is lost with it, and must not come again as what devices saw of it.
    await commit([update([replace('c', '1')], path('lost and made anew'))])
    expect(await harness.store.read(path('lost and made anew'))).toMatchObject({ epoch: 5_001 })
  })

  test('[D8] an epoch begun twice at one time is another one each time', async () => {
    await write(replace('a', '1'))
    await harness.store.beginEpoch(5_000)
    await harness.store.beginEpoch(5_000)
    expect(await harness.store.read(path())).toMatchObject({ epoch: 5_001 })
  })

  test('[S6] markers below an id are forgotten in order, a bounded number at a time', async () => {
    for (const id of ['m1', 'm2', 'm3', 'm4'])
      await commit([update([], path(), { origin: { id, number: 0, hash: 'h' } })])
    expect(await harness.store.forgetMarkers({ below: 'm4', limit: 2 })).toBe(2)
    expect(await harness.store.forgetMarkers({ below: 'm4', limit: 2 })).toBe(1)
    const left = await Promise.all(['m1', 'm3', 'm4'].map((id) => harness.store.hasMarker(IDENTITY, id)))
    expect(left).toEqual([false, false, true])
  })

  const PHONE = 'phone' as DeviceId
  const numbered = (number: number, batch: Batch, over: Partial<DatasetWrite & { device: DeviceId }> = {}) => {
    const where = over.path ?? path()
    const device = over.device ?? PHONE
    const origin = { id: deviceMarkerId(where, device), number, hash: `h${number}` }
    return update(batch, where, { origin, device, by: device, ...over })
  }

  test('[NA1] a device’s batch sent again gets its first answer, in one group, in another, and after a restart', async () => {
    const sent = numbered(1, [replace('a', '1')])
    const first = { syncCount: 1, at: 1_000, by: 'phone' }
    expect((await commit([sent, sent]))[1]).toMatchObject({ kind: 'repeated', ...first })
    await write(replace('a', '2', 1))
    harness = await harness.reopen()
    expect(await commit([{ ...sent, at: 9_000 }])).toMatchObject([
      { kind: 'repeated', ...first, written: [{ key: 'a', value: '1', syncCount: 1 }], dataset: { syncCount: 2 } },
    ])
    expect(await held()).toEqual([['a', '2']])
  })

  test('[NA2] a number at or below a device’s last is used, also after a restart; higher ones go on', async () => {
    expect((await commit([numbered(5, [replace('a', '1')]), numbered(7, [replace('a', '2', 1)])])).length).toBe(2)
    harness = await harness.reopen()
    const other = {
      ...numbered(7, [replace('b', '1')]),
      origin: { id: deviceMarkerId(path(), PHONE), number: 7, hash: 'other' },
    }
    const used = { kind: 'number-used', last: 7 }
    expect(await commit([numbered(5, [replace('a', '1')]), other])).toEqual([used, used])
    const going = await commit([
      numbered(8, [replace('a', '3', 2)]),
      numbered(1, [replace('x', '1')], { device: 'tablet' as DeviceId }),
      numbered(1, [replace('x', '1')], { path: path('other') }),
    ])
    expect(going.map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'accepted'])
  })

  test('[NA4] markers of silent devices are forgotten, oldest first and a bounded number at a time; others stay', async () => {
    const sessions = { origin: { id: '0session', number: 0, hash: 'h' } }
    await commit([update([], path(), { ...sessions, at: 1 })])
    for (const [number, device] of ['a', 'b', 'c', 'd'].entries()) {
      await commit([numbered(1, [], { device: device as DeviceId, at: 1_000 + number })])
    }
    await commit([numbered(2, [], { device: 'a' as DeviceId, at: 5_000 })])
    const left = async () => {
      const ids = [...'abcd'].map((device) => deviceMarkerId(path(), device as DeviceId))
      const found = await Promise.all([...ids, '0session'].map((id) => harness.store.hasMarker(IDENTITY, id)))
      return found.map((is, index) => (is ? 'abcds'[index] : '')).join('')
    }
    expect(await harness.store.forgetDeviceMarkers({ before: 1_003, limit: 1 })).toBe(1)
    expect(await left()).toBe('acds')
    expect(await harness.store.forgetDeviceMarkers({ before: 1_003, limit: 10 })).toBe(1)
    expect(await harness.store.forgetDeviceMarkers({ before: 1_003, limit: 10 })).toBe(0)
    expect(await left()).toBe('ads')
  })

  test('[NA4] forgetting sync sessions never touches a device’s marker', async () => {
    await commit([numbered(1, []), update([], path(), { origin: { id: 'session', number: 0, hash: 'h' } })])
    expect(await harness.store.forgetMarkers({ below: '~~~~', limit: 10 })).toBe(1)
    expect((await commit([numbered(1, [])]))[0]).toMatchObject({ kind: 'repeated' })
  })

  test('[NA4] a deleted identity’s device markers go with it, piece by piece; other identities keep theirs', async () => {
    // Ids that one another's range could swallow.
    const other = `${IDENTITY}0` as IdentityId
    await harness.addIdentity(other, POOL)
    const devices = Array.from({ length: 25 }, (_, n) => `device ${n}\n` as DeviceId)
    await commit(devices.map((device) => numbered(1, [], { device })))
    await commit([numbered(1, [], { path: path('settings', other) })])
    await harness.doomIdentity(IDENTITY, POOL)
    let removed = 0
    let largest = 0
    for (let rows = await harness.store.purge(10); rows > 0; rows = await harness.store.purge(10)) {
      removed += rows
      largest = Math.max(largest, rows)
    }
    expect(removed).toBeGreaterThanOrEqual(25)
    expect(largest).toBeLessThanOrEqual(11)
    const ids = devices.map((device) => deviceMarkerId(path(), device))
    expect(await Promise.all(ids.map((id) => harness.store.hasMarker(IDENTITY, id)))).toEqual(ids.map(() => false))
    expect(await harness.store.hasMarker(other, deviceMarkerId(path('settings', other), PHONE))).toBe(true)
  })

  test('[NA9] several datasets are read as one, absent and deleted ones included', async () => {
    for (const name of ['a', 'b', 'c']) await commit([update([replace('k', 'v')], path(name))])
    await commit([update([replace('k', 'theirs')], path('d', OTHER_IDENTITY))])
    await commit([{ kind: 'delete', path: path('b'), at: 2_000, by: 'me' }])
    const names = ['never', 'b', 'a', 'd'] as DatasetName[]
    const found = await harness.store.readSeveral(IDENTITY, names)
    expect(new Map(found.map((dataset) => [dataset.name, dataset]))).toEqual(
      new Map(await Promise.all(names.map(async (name) => [name, await harness.store.read(path(name))] as const))),
    )
    expect(found).toHaveLength(4)
    expect(await harness.store.readSeveral(IDENTITY, [])).toEqual([])
  })

  test('[D7] what a deleted identity leaves goes piece by piece, and the pool’s usage with it', async () => {
    await write(...Array.from({ length: 25 }, (_, n) => replace(`k${n}`, 'v')))
    await commit([update([replace('x', 'y')], path('d', OTHER_IDENTITY))])
    await harness.doomIdentity(IDENTITY, POOL)
    let steps = 0
    while ((await harness.store.purge(10)) > 0) steps++
    expect(steps).toBeGreaterThan(0)
    expect(await list()).toMatchObject({ records: [], dataset: { exists: false, syncCount: 0 } })
    expect(await harness.store.poolUsage(POOL)).toMatchObject({ usage: { datasets: 1, records: 1, bytes: 2 } })
    expect(await held(path('d', OTHER_IDENTITY))).toEqual([['x', 'y']])
  })

  test('[D7] a deleted pool’s identities and their data go', async () => {
    await harness.addPool(OTHER_POOL)
    await write(replace('a', 'b'))
    await commit([update([replace('x', 'y')], path('d', OTHER_IDENTITY))])
    await harness.doomPool(POOL)
    for (let steps = 0; (await harness.store.purge(1)) > 0; steps++)
      if (steps > 100) throw new Error('purging never ends')
    expect((await list()).records).toEqual([])
    expect(await harness.store.poolUsage(POOL)).toMatchObject({ usage: { datasets: 0, records: 0, bytes: 0 } })
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
    for (const identity of identities) await harness.addIdentity(identity, POOL)
    const outcomes = await commit(identities.map((identity) => update([replace('who', identity)], path('d', identity))))
    expect(outcomes.every(({ kind }) => kind === 'accepted')).toBe(true)
    for (const identity of identities) expect(await held(path('d', identity))).toEqual([['who', identity]])
  })
}
