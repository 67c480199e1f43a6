import type { DeviceId, IdentityId } from '@satchel/protocol'
import { deviceMarkerId } from '../domain/batch-marker.js'
import { IDENTITY, path, POOL, replace } from '../domain/testing/a-dataset.js'
import { PHONE, type FreshDatasets } from './testing/fresh-datasets.js'

/** How batches that come again must be known, and when they may be forgotten. */
export function markerContract(on: FreshDatasets): void {
  const { update, numbered, commit, write, held } = on

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
    expect(await on.store.read(path())).toMatchObject({ syncCount: 2 })
    expect(new Map((await held()) as [string, string][]).get('a')).toBe('2')
  })

  test('[S4] a spent session is refused for anything else, also after a restart', async () => {
    const sent = update([replace('a', '1')], path(), { origin: { id: 'spent', number: 0, hash: 'one' } })
    await commit([sent])
    await on.reopen()
    const [other] = await commit([
      update([replace('a', '2', 1)], path(), { origin: { id: 'spent', number: 0, hash: 'two' } }),
    ])
    expect(other).toEqual({ kind: 'session-spent' })
    expect(await on.store.hasMarker(IDENTITY, 'spent')).toBe(true)
    expect(await on.store.hasMarker(IDENTITY, 'unspent')).toBe(false)
  })

  test('[S6] markers below an id are forgotten in order, a bounded number at a time', async () => {
    for (const id of ['m1', 'm2', 'm3', 'm4'])
      await commit([update([], path(), { origin: { id, number: 0, hash: 'h' } })])
    expect(await on.store.forgetMarkers({ below: 'm4', limit: 2 })).toBe(2)
    expect(await on.store.forgetMarkers({ below: 'm4', limit: 2 })).toBe(1)
    const left = await Promise.all(['m1', 'm3', 'm4'].map((id) => on.store.hasMarker(IDENTITY, id)))
    expect(left).toEqual([false, false, true])
  })

  test('[NA1] a device’s batch sent again gets its first answer, in one group, in another, and after a restart', async () => {
    const sent = numbered(1, [replace('a', '1')])
    const first = { syncCount: 1, at: 1_000, by: 'phone' }
    expect((await commit([sent, sent]))[1]).toMatchObject({ kind: 'repeated', ...first })
    await write(replace('a', '2', 1))
    await on.reopen()
    expect(await commit([{ ...sent, at: 9_000 }])).toMatchObject([
      { kind: 'repeated', ...first, written: [{ key: 'a', value: '1', syncCount: 1 }], dataset: { syncCount: 2 } },
    ])
    expect(await held()).toEqual([['a', '2']])
  })

  test('[NA2] a number at or below a device’s last is used, also after a restart; higher ones go on', async () => {
    expect((await commit([numbered(5, [replace('a', '1')]), numbered(7, [replace('a', '2', 1)])])).length).toBe(2)
    await on.reopen()
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
      const found = await Promise.all([...ids, '0session'].map((id) => on.store.hasMarker(IDENTITY, id)))
      return found.map((is, index) => (is ? 'abcds'[index] : '')).join('')
    }
    expect(await on.store.forgetDeviceMarkers({ before: 1_003, limit: 1 })).toBe(1)
    expect(await left()).toBe('acds')
    expect(await on.store.forgetDeviceMarkers({ before: 1_003, limit: 10 })).toBe(1)
    expect(await on.store.forgetDeviceMarkers({ before: 1_003, limit: 10 })).toBe(0)
    expect(await left()).toBe('ads')
  })

  test('[NA4] forgetting sync sessions never touches a device’s marker', async () => {
    await commit([numbered(1, []), update([], path(), { origin: { id: 'session', number: 0, hash: 'h' } })])
    expect(await on.store.forgetMarkers({ below: '~~~~', limit: 10 })).toBe(1)
    expect((await commit([numbered(1, [])]))[0]).toMatchObject({ kind: 'repeated' })
  })

  test('[NA4] a deleted identity’s device markers go with it, piece by piece; other identities keep theirs', async () => {
    // Ids that one another's range could swallow.
    const other = `${IDENTITY}0` as IdentityId
    await on.harness.addIdentity(other, POOL)
    const devices = Array.from({ length: 25 }, (_, n) => `device ${n}\n` as DeviceId)
    await commit(devices.map((device) => numbered(1, [], { device })))
    await commit([numbered(1, [], { path: path('settings', other) })])
    await on.harness.doomIdentity(IDENTITY, POOL)
    let removed = 0
    let largest = 0
    for (let rows = await on.store.purge(10); rows > 0; rows = await on.store.purge(10)) {
      removed += rows
      largest = Math.max(largest, rows)
    }
    expect(removed).toBeGreaterThanOrEqual(25)
    expect(largest).toBeLessThanOrEqual(11)
    const ids = devices.map((device) => deviceMarkerId(path(), device))
    expect(await Promise.all(ids.map((id) => on.store.hasMarker(IDENTITY, id)))).toEqual(ids.map(() => false))
    expect(await on.store.hasMarker(other, deviceMarkerId(path('settings', other), PHONE))).toBe(true)
  })
}
