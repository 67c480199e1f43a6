import 'reflect-metadata'
import { AWS_LIMITS } from '@satchel/protocol'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import type { DatasetWrite } from '../../../domain/dataset-write.js'
import { count, IDENTITY, path, POOL, replace } from '../../../domain/testing/a-dataset.js'
import { postgresHarness, postgresHarnessOn } from '../../testing/postgres-harness.js'

const WRITES = 200

describeWithPostgres('reading while others write', (postgres) => {
  test('[X13] [I9] [I10] a listing on one node is of one moment while another writes, and never older than what was acknowledged', async () => {
    const writer = await postgresHarness(postgres())
    const reader = await postgresHarnessOn(writer.url)
    await writer.addPool(POOL)
    await writer.addIdentity(IDENTITY, POOL)
    let acknowledged = 0
    const writing = (async () => {
      for (let n = 1; n <= WRITES; n++) {
        const batch = ['a', 'b', 'c', `new ${n}`].map((name) =>
          replace(name, `${n}`, name.startsWith('new') ? 0 : n - 1),
        )
        const origin = { id: `s${n}`, number: 0, hash: 'h' }
        const write: DatasetWrite = { kind: 'update', path: path(), batch, origin, device: null, at: n, by: 'me' }
        expect(await writer.store.commit([write], AWS_LIMITS)).toMatchObject([{ kind: 'accepted' }])
        acknowledged = n
      }
    })()
    const seen = new Set<number>()
    while (acknowledged < WRITES) {
      const known = acknowledged
      const first = { syncCount: count(0), key: null }
      // A page of three, so that it has to be counted what remains, in a statement of its own.
      const { dataset, records, remaining } = await reader.store.list(path(), { after: first, through: null, limit: 3 })
      expect(dataset.syncCount).toBeGreaterThanOrEqual(known)
      expect(records.length + remaining).toBe(dataset.recordCount)
      const last = { syncCount: count(Math.max(0, dataset.syncCount - 1)), key: null }
      const newest = await reader.store.list(path(), { after: last, through: dataset.syncCount, limit: 10 })
      if (newest.dataset.syncCount === dataset.syncCount && dataset.syncCount > 0)
        expect(newest.records).toHaveLength(4)
      seen.add(dataset.syncCount)
    }
    await writing
    expect(seen.size).toBeGreaterThan(10)
    await reader.close()
    await writer.close()
  })

  test('[X11] [D8] a new epoch waits for the commits that are under way, and none of them puts an old one back', async () => {
    const one = await postgresHarness(postgres())
    await one.addPool(POOL)
    await one.addIdentity(IDENTITY, POOL)
    const write = (n: number): DatasetWrite => ({
      kind: 'update',
      path: path(`d${n % 4}`),
      batch: [],
      origin: { id: `s${n}`, number: 0, hash: 'h' },
      device: null,
      at: n,
      by: 'me',
    })
    const commits = Array.from({ length: 40 }, (_, n) => one.store.commit([write(n)], AWS_LIMITS))
    await one.store.commit([write(99)], AWS_LIMITS)
    await one.store.beginEpoch(5_000)
    await Promise.all(commits)
    const datasets = await one.store.listDatasets(IDENTITY, { after: '', limit: 10 })
    expect(datasets.map(({ epoch }) => epoch >= 5_000)).toEqual(datasets.map(() => true))
    await one.close()
  })
})
