import { AWS_LIMITS, type Batch, type DeviceId } from '@satchel/protocol'
import { deviceMarkerId } from './batch-marker.js'
import type { DatasetWrite } from './dataset-write.js'
import { judgeWithin } from './judge.js'
import { IDENTITY, OTHER_IDENTITY, OTHER_POOL, path, POOL, remove, replace } from './testing/a-dataset.js'
import { WorkingSet } from './working-set.js'

const judge = judgeWithin(AWS_LIMITS)

const fresh = () =>
  new WorkingSet({
    epochBase: 0,
    pools: new Map([[IDENTITY, POOL]]),
    targets: new Map(),
    datasets: new Map(),
    records: new Map(),
    markers: new Map(),
  })

const update = (id: string, batch: Batch, where = path(), hash = 'h'): DatasetWrite => ({
  kind: 'update',
  path: where,
  batch,
  origin: { id, number: 0, hash },
  device: null,
  at: 5,
  by: 'me',
})

test('[W2] a refused write in a group does not touch its neighbours', () => {
  const working = fresh()
  const outcomes = [
    judge(update('1', [replace('a', '1')]), working),
    judge(update('2', [replace('a', 'stale', 0)]), working),
    judge(update('3', [replace('a', '2', 1)]), working),
  ]
  expect(outcomes.map(({ kind }) => kind)).toEqual(['accepted', 'stale', 'accepted'])
  expect(working.changes()).toMatchObject({
    records: [{ record: { key: 'a', value: '2', syncCount: 2 } }],
    markers: [{ marker: { id: '1' } }, { marker: { id: '3' } }],
  })
})

test('[S4] the same batch in one group gets its first answer, and is applied once', () => {
  const working = fresh()
  const first = judge(update('1', [replace('a', '1')]), working)
  const second = judge(update('1', [replace('a', '1')]), working)
  expect(second).toMatchObject({ kind: 'repeated', written: (first as { written: unknown }).written })
  expect(working.dataset(path()).syncCount).toBe(1)
})

test('[S4] a spent session is refused for another batch', () => {
  const working = fresh()
  judge(update('1', [replace('a', '1')]), working)
  expect(judge(update('1', [replace('a', '2', 1)], path(), 'other'), working)).toEqual({ kind: 'session-spent' })
})

test('[S5] a refused update spends nothing', () => {
  const working = fresh()
  expect(judge(update('1', [replace('a', '1', 9)]), working).kind).toBe('stale')
  expect(judge(update('1', [replace('a', '1')]), working).kind).toBe('accepted')
})

test('[W2] a deletion in a group takes what was written before it, and spares what comes after', () => {
  const working = fresh()
  judge(update('1', [replace('a', '1'), replace('b', '1')]), working)
  expect(judge({ kind: 'delete', path: path(), at: 6, by: 'me' }, working).kind).toBe('deleted')
  judge(update('2', [replace('b', '2')]), working)
  const changes = working.changes()
  expect(changes.cleared).toEqual([path()])
  expect(changes.records.map(({ record }) => [record.key, record.syncCount])).toEqual([['b', 3]])
  expect(changes.usage.get(POOL)?.usage).toEqual({ datasets: 1, records: 1, bytes: 2 })
})

test('[D1] a deletion takes the next count', () => {
  const working = fresh()
  judge(update('1', [replace('a', '1')]), working)
  expect(judge({ kind: 'delete', path: path(), at: 6, by: 'me' }, working)).toMatchObject({
    before: { syncCount: 1, exists: true },
    dataset: { syncCount: 2, deletedAt: 2, exists: false },
  })
})

test('[D6] deleting what is not there changes nothing', () => {
  const working = fresh()
  expect(judge({ kind: 'delete', path: path(), at: 6, by: 'me' }, working)).toEqual({ kind: 'missing' })
  expect(working.changes().datasets).toEqual([])
})

test('[W3] a write for an identity that is gone, or of another pool, is refused', () => {
  const working = fresh()
  expect(judge(update('1', [], path('d', OTHER_IDENTITY)), working)).toEqual({ kind: 'no-identity' })
  expect(judge(update('1', [], path('d', IDENTITY, OTHER_POOL)), working)).toEqual({ kind: 'no-identity' })
})

test('[L3] datasets created in one group count against each other', () => {
  const working = fresh()
  const kinds = Array.from(
    { length: 22 },
    (_, n) => judge(update(`${n}`, [replace('k', 'v')], path(`d${n}`)), working).kind,
  )
  expect(kinds.filter((kind) => kind === 'accepted')).toHaveLength(20)
  expect(kinds.slice(20)).toEqual(['over-limit', 'over-limit'])
})

test('[L4] a removal is judged against what the group wrote before it', () => {
  const working = fresh()
  judge(update('1', [replace('a', '12345')]), working)
  judge(update('2', [remove('a', 1)]), working)
  expect(working.usageElsewhere(path('other')).bytes).toBe(0)
  expect(working.dataset(path('settings'))).toMatchObject({ recordCount: 0, bytes: 0, exists: true })
})

describe('batches of a device', () => {
  const PHONE = 'phone' as DeviceId
  const numbered = (
    number: number,
    batch: Batch,
    { device = PHONE, where = path(), hash = 'h' } = {},
  ): DatasetWrite => ({
    kind: 'update',
    path: where,
    batch,
    origin: { id: deviceMarkerId(where, device), number, hash },
    device,
    at: 5,
    by: device,
  })
  const accepted = { kind: 'accepted' }
  const used = { kind: 'number-used', last: 7 }

  test.each([
    ['[NA3]', 'the next number', 8, 'h', accepted],
    ['[NA3]', 'a number further on', 900, 'h', accepted],
    ['[NA1]', 'the same number and batch', 7, 'h', { kind: 'repeated', syncCount: 1, at: 5, by: 'phone' }],
    ['[NA2]', 'the same number and another batch', 7, 'other', used],
    ['[NA2]', 'a lower number and the same batch', 6, 'h', used],
    ['[NA2]', 'a lower number and another batch', 1, 'other', used],
  ])('%s after batch 7, %s is judged so', (_, __, number, hash, expected) => {
    const working = fresh()
    judge(numbered(7, [replace('a', '1')]), working)
    const outcome = judge(numbered(number, [replace('b', '1')], { hash }), working)
    expect(outcome).toMatchObject(expected)
    expect(working.dataset(path()).syncCount).toBe(outcome.kind === 'accepted' ? 2 : 1)
  })

  test('[NA4] a device leaves one marker in a dataset, that of its last accepted batch', () => {
    const working = fresh()
    judge(numbered(1, [replace('a', '1')]), working)
    judge(numbered(2, [replace('a', '2', 1)]), working)
    judge(numbered(3, [replace('a', 'stale', 1)]), working)
    judge(numbered(1, [replace('a', '1')], { where: path('other') }), working)
    judge(numbered(1, [replace('b', '1')], { device: 'tablet' as DeviceId }), working)
    expect(working.changes().markers.map(({ marker }) => [marker.id, marker.number])).toEqual([
      [deviceMarkerId(path(), PHONE), 2],
      [deviceMarkerId(path('other'), PHONE), 1],
      [deviceMarkerId(path(), 'tablet' as DeviceId), 1],
    ])
  })

  test('[NA1] what a repeated batch is answered does not change with what others wrote since', () => {
    const working = fresh()
    const first = judge(numbered(1, [replace('a', '1')]), working)
    judge(numbered(1, [replace('a', '2', 1)], { device: 'tablet' as DeviceId }), working)
    expect(judge(numbered(1, [replace('a', '1')]), working)).toMatchObject({
      kind: 'repeated',
      written: (first as { written: unknown }).written,
      syncCount: 1,
      dataset: { syncCount: 2 },
    })
  })
})
