import { AWS_LIMITS, type Batch, type RecordKey } from '@satchel/protocol'
import { applyPatches } from './apply-patches.js'
import { absentDataset, type Dataset } from './dataset.js'
import type { HeldRecord } from './held-record.js'
import { aDataset, count, key, path, remove, replace } from './testing/a-dataset.js'
import { NO_USAGE, type Usage } from './usage.js'

const held = (entries: Record<string, [syncCount: number, valueBytes: number | null]>): Map<RecordKey, HeldRecord> =>
  new Map(Object.entries(entries).map(([name, [at, valueBytes]]) => [key(name), { syncCount: count(at), valueBytes }]))

const apply = (
  batch: Batch,
  over: Partial<{
    dataset: Dataset
    held: Map<RecordKey, HeldRecord>
    elsewhere: Usage
    limits: typeof AWS_LIMITS
  }> = {},
) =>
  applyPatches({
    dataset: aDataset(),
    held: new Map(),
    elsewhere: NO_USAGE,
    limits: AWS_LIMITS,
    at: 1_000,
    by: 'tester',
    ...over,
    batch,
  })

describe('counts', () => {
  test('[C1] the first batch of a dataset takes count 1', () => {
    const outcome = apply([replace('theme', 'dark')], { dataset: absentDataset(path().dataset) })
    expect(outcome).toMatchObject({
      kind: 'accepted',
      dataset: { syncCount: 1, exists: true, epoch: 1, createdAt: 1_000 },
    })
  })

  test('[C2] a batch takes one count, however many patches it holds, and all its records carry it', () => {
    const outcome = apply([replace('a', '1'), replace('b', '2'), replace('c', '3')])
    expect(outcome).toMatchObject({
      kind: 'accepted',
      dataset: { syncCount: 8 },
      written: [{ syncCount: 8 }, { syncCount: 8 }, { syncCount: 8 }],
    })
  })

  test.each([
    ['lower', 3],
    ['higher', 5],
  ])('[C3] a patch with a count %s than the record’s is stale', (_, base) => {
    const outcome = apply([replace('theme', 'light', base)], { held: held({ theme: [4, 4] }) })
    expect(outcome).toEqual({ kind: 'stale', key: 'theme', held: 4, base })
  })

  test('[C3] a patch for a record never seen must carry 0', () => {
    expect(apply([replace('new', 'x', 7)])).toEqual({ kind: 'stale', key: 'new', held: 0, base: 7 })
  })

  test('[C4] one stale patch leaves the whole batch unwritten', () => {
    const outcome = apply([replace('a', '1'), replace('theme', 'light', 1)], { held: held({ theme: [4, 4] }) })
    expect(outcome.kind).toBe('stale')
  })

  test('[C5] a batch that changes no value still raises the count', () => {
    const outcome = apply([replace('theme', 'dark', 4)], { held: held({ theme: [4, 4] }) })
    expect(outcome).toMatchObject({ kind: 'accepted', dataset: { syncCount: 8, bytes: 0, recordCount: 0 } })
  })

  test('[C5] a batch without patches raises the count', () => {
    expect(apply([])).toMatchObject({ kind: 'accepted', dataset: { syncCount: 8 }, written: [] })
  })
})

describe('tombstones', () => {
  test('[P1] a removal leaves a record with a count and no value', () => {
    const outcome = apply([remove('theme', 4)], {
      held: held({ theme: [4, 4] }),
      dataset: aDataset({ recordCount: 1, bytes: 9 }),
    })
    expect(outcome).toMatchObject({
      written: [{ key: 'theme', value: null, syncCount: 8 }],
      dataset: { recordCount: 0, bytes: 0 },
    })
  })

  test('[P2] a removed key is written again with its tombstone’s count, and with no other', () => {
    const tombstone = { held: held({ theme: [5, null] }) }
    expect(apply([replace('theme', 'dark', 5)], tombstone)).toMatchObject({ dataset: { recordCount: 1, bytes: 9 } })
    expect(apply([replace('theme', 'dark', 0)], tombstone)).toMatchObject({ kind: 'stale', held: 5 })
  })

  test('[B1] tombstones count to no limit', () => {
    const limits = { ...AWS_LIMITS, recordsPerDatasetMax: 1, bytesPerDatasetMax: 2 }
    const outcome = apply([replace('a', 'x'), remove('longer-than-the-limit', 0)], { limits })
    expect(outcome).toMatchObject({ kind: 'accepted', dataset: { recordCount: 1, bytes: 2 } })
  })
})

describe('limits', () => {
  test('[L1] the 1,024th live record is accepted and the 1,025th refused', () => {
    const full = { dataset: aDataset({ recordCount: 1_023 }) }
    expect(apply([replace('a', '')], full).kind).toBe('accepted')
    expect(apply([replace('a', ''), replace('b', '')], full)).toEqual({
      kind: 'over-limit',
      exceeded: { limit: 'recordsPerDatasetMax', would: 1_025, max: 1_024 },
    })
  })

  test('[L2] a dataset holds 1,048,576 bytes and not one more', () => {
    const nearly = { dataset: aDataset({ bytes: 1_048_570, recordCount: 1 }) }
    expect(apply([replace('k', '12345')], nearly)).toMatchObject({ kind: 'accepted', dataset: { bytes: 1_048_576 } })
    expect(apply([replace('k', '123456')], nearly)).toMatchObject({
      kind: 'over-limit',
      exceeded: { limit: 'bytesPerDatasetMax', would: 1_048_577 },
    })
  })

  test('[L3] an identity holds 20 datasets; its 21st is refused', () => {
    const fresh = { dataset: absentDataset(path().dataset) }
    expect(apply([replace('k', 'v')], { ...fresh, elsewhere: { ...NO_USAGE, datasets: 19 } }).kind).toBe('accepted')
    expect(apply([replace('k', 'v')], { ...fresh, elsewhere: { ...NO_USAGE, datasets: 20 } })).toMatchObject({
      exceeded: { limit: 'datasetsPerIdentityMax', would: 21, max: 20 },
    })
  })

  test('[L4] an identity holds 20 MB over all its datasets', () => {
    const elsewhere = { ...NO_USAGE, bytes: AWS_LIMITS.bytesPerIdentityMax - 2 }
    expect(apply([replace('k', 'v')], { elsewhere }).kind).toBe('accepted')
    expect(apply([replace('k', 'vv')], { elsewhere })).toMatchObject({ exceeded: { limit: 'bytesPerIdentityMax' } })
  })

  test('[L5] sizes are bytes of UTF-8, key and value', () => {
    expect(apply([replace('ключ', '値😀')])).toMatchObject({ dataset: { bytes: 8 + 3 + 4 } })
  })

  test('[L6] a batch is judged by its outcome: what it removes makes room for what it adds', () => {
    const outcome = apply([replace('new', ''), remove('old', 3)], {
      dataset: aDataset({ recordCount: 1_024 }),
      held: held({ old: [3, 0] }),
    })
    expect(outcome).toMatchObject({ kind: 'accepted', dataset: { recordCount: 1_024 } })
  })

  test('[L7] what is over a limit may shrink, and be removed, but not grow', () => {
    const over = { dataset: aDataset({ recordCount: 2_000, bytes: 2_000_000 }), held: held({ big: [3, 1_000] }) }
    expect(apply([replace('big', 'small', 3)], over).kind).toBe('accepted')
    expect(apply([remove('big', 3)], over).kind).toBe('accepted')
    expect(apply([replace('big', 'x'.repeat(1_001), 3)], over)).toMatchObject({ kind: 'over-limit' })
  })
})

describe('recreation', () => {
  const deleted = aDataset({ exists: false, syncCount: count(9), deletedAt: count(9), epoch: 1 })

  test('[D2] a dataset created anew goes on from the count of its deletion', () => {
    expect(apply([replace('a', '1')], { dataset: deleted })).toMatchObject({ dataset: { syncCount: 10, deletedAt: 9 } })
  })

  test('[D3] a dataset created anew begins a new epoch', () => {
    expect(apply([replace('a', '1')], { dataset: deleted })).toMatchObject({ dataset: { epoch: 2, createdAt: 1_000 } })
  })
})
