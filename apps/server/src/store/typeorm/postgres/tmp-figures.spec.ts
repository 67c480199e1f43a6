import 'reflect-metadata'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import { emptyDatabase } from '../../testing/postgres-databases.js'
import { nodeOn } from '../../testing/postgres-stores.js'
describeWithPostgres('figures', (postgres) => {
  test('1M', async () => {
    const url = await emptyDatabase(postgres())
    const name = new URL(url).pathname.slice(1)
    const s = await nodeOn(url)
    const out: string[] = []
    const time = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
      const t = performance.now()
      const r = await work()
      out.push(`${what}: ${(performance.now() - t).toFixed(1)} ms`)
      return r
    }
    await postgres().ask(
      `INSERT INTO outbox (shard, id, aggregatetype, aggregateid, type, "partition", pool_id, dataset, epoch, sync_count, previous_count, created_at, payload)
      SELECT n % 8, 'id' || n, 'changes', 'identity' || n, 'change', 0, 'pool', 'settings', 1, n, n-1, 1000, repeat('x', 400) FROM generate_series(1, 1000000) n`,
      name,
    )
    await postgres().ask(`INSERT INTO outbox_unpublished SELECT shard, 'changes', seq FROM outbox`, name)
    const now = Date.now()
    const [lease] = await s.leases.take({ names: ['shard-0'], holder: 'me', now, until: now + 600000 })
    const pass = async (label: string) => {
      for (let i = 0; i < 3; i++)
        await time(`${label} unpublished(500)`, () => s.outbox.unpublished(0, { limit: 500, bytesMax: 1e6 }))
      await time(`${label} backlog`, () => s.outbox.backlog())
      await time(`${label} backlog again`, () => s.outbox.backlog())
    }
    await pass('1M, no analyze')
    const { FIRST } = await import('./postgres-outbox-store.js') as any
    const text = FIRST.text.replaceAll('$1::int[]', 'ARRAY[0]').replaceAll('$2', '500').replaceAll('$3::bigint', '1000000::bigint')
    const plan = await postgres().ask(`EXPLAIN (ANALYZE, COSTS OFF, TIMING ON, SUMMARY OFF) ${text}`, name).catch((e) => [e])
    process.stderr.write(JSON.stringify(plan, null, 0).replaceAll('},{', '\n') + '\n')
    const c = new (await import('pg')).default.Client({ connectionString: url }); await c.connect()
    await c.query("set enable_bitmapscan=off; set enable_seqscan=off; set enable_hashjoin=off; set enable_mergejoin=off")
    process.stderr.write((await c.query(`EXPLAIN (ANALYZE, COSTS OFF) ${text}`)).rows.map((r) => r['QUERY PLAN']).join('\n') + '\n')
    await c.end()
    if (Math.random() < 2) { process.stderr.write(out.join('\n') + '\n'); await s.close(); return }
    let total = 0
    const slow: number[] = []
    const t0 = performance.now()
    for (;;) {
      const t = performance.now()
      const rows = await s.outbox.unpublished(0, { limit: 500, bytesMax: 1e6 })
      if (rows.length === 0) break
      await s.outbox.markPublished({ shard: 0, lease: lease!, seqs: rows.map((r) => r.seq), now })
      total += rows.length
      slow.push(performance.now() - t)
    }
    const sorted = [...slow].sort((a, b) => a - b)
    out.push(
      `drained shard 0: ${total} rows in ${((performance.now() - t0) / 1000).toFixed(1)} s, round p50 ${sorted[sorted.length >> 1]!.toFixed(1)} ms, first ${slow[0]!.toFixed(1)}, last ${slow.at(-1)!.toFixed(1)}, max ${sorted.at(-1)!.toFixed(1)}`,
    )
    await time('unpublished of the drained shard', () => s.outbox.unpublished(0, { limit: 500, bytesMax: 1e6 }))
    await time('unpublished of the drained shard', () => s.outbox.unpublished(0, { limit: 500, bytesMax: 1e6 }))
    await postgres().ask('ANALYZE', name)
    await pass('after analyze')
    await time('prune 1000', () => s.outbox.prune({ before: 2000, limit: 1000 }))
    await time('changeLog.rows(1000)', () => s.changeLog.rows({ after: 500000, limit: 1000 }))
    await time('unpublishedSeqs(1000)', () => s.changeLog.unpublishedSeqs({ after: 500000, limit: 1000 }))
    process.stderr.write(out.join('\n') + '\n')
    await s.close()
  }, 300000)
})
