import { AWS_LIMITS, type Batch } from '@satchel/protocol'
import type { DatasetWrite } from './dataset-write.js'
import { judgeWithin } from './judge.js'
import { IDENTITY, OTHER_IDENTITY, OTHER_POOL, path, POOL, remove, replace } from './testing/a-dataset.js'
import { WorkingSet } from './working-set.js'

const judge = judgeWithin(AWS_LIMITS)

const fresh = () =>
  new WorkingSet({ pools: new Map([[IDENTITY, POOL]]), datasets: new Map(), records: new Map(), markers: new Map() })

const update = (id: string, batch: Batch, where = path(), hash = 'h'): DatasetWrite => ({
  kind: 'update',
  path: where,
  batch,
  origin: { id, hash },
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
  expect(second).toEqual({ kind: 'repeated', written: (first as { written: unknown }).written })
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
