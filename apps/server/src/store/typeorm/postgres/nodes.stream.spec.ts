import 'reflect-metadata'
import { AWS_LIMITS, type DatasetName, type IdentityId } from '@satchel/protocol'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import type { PlacedOutboxRow } from '../../../domain/outbox-row.js'
import { SHARDS } from '../../../domain/outbox-row.js'
import { count, path, POOL, replace } from '../../../domain/testing/a-dataset.js'
import type { Stores } from '../../stores.js'
import { aTarget } from '../../testing/stream-harness.js'
import { threeNodes } from '../../testing/three-nodes.js'

const ALL = { limit: 1_000, bytesMax: Infinity }

const id = (name: string): IdentityId => `us-east-1:${name}` as IdentityId

/** What only shows where several nodes, with connections of their own, are at one database. */
describeWithPostgres('the change stream at several nodes of one PostgreSQL', (postgres) => {
  const site = threeNodes(postgres)
  const { onEach, streamTo } = site

  test('[X26] of several nodes that want the same leases at once each gets other ones, and none twice', async () => {
    const names = Array.from({ length: SHARDS }, (_, shard) => `shard-${shard}`)
    for (let n = 0; n < 100; n++) {
      const until = Date.now() + 60_000
      const taken = await onEach((node, at) =>
        node.leases.take({ names, holder: `${n}-${at}`, now: Date.now(), until }),
      )
      expect(
        taken
          .flat()
          .map(({ name }) => name)
          .sort(),
      ).toEqual(names)
      await onEach((node, at) => node.leases.release(`${n}-${at}`))
    }
  })

  test('[X26] the database’s clock ends a lease, whatever that of a node shows', async () => {
    const names = ['shard-0']
    const now = Date.now()
    const [lease] = await site.nodes[0]!.leases.take({ names, holder: 'one', now, until: now + 60_000 })
    const ahead = now + 3_600_000
    expect(await site.nodes[1]!.leases.take({ names, holder: 'ahead', now: ahead, until: ahead + 60_000 })).toEqual([])
    const mark = (time: number) => site.nodes[0]!.outbox.markPublished({ shard: 0, lease: lease!, seqs: [], now: time })
    expect(await mark(ahead)).toBe(true)
    const behind = now - 3_600_000
    const prolonged = await site.nodes[0]!.leases.take({ names, holder: 'one', now: behind, until: behind + 1 })
    expect(prolonged).toEqual([{ name: 'shard-0', holder: 'one', epoch: 1, until: behind + 1 }])
    for (let epoch = 1; epoch === 1;) {
      const taken = await site.nodes[1]!.leases.take({ names, holder: 'two', now: behind, until: behind + 60_000 })
      epoch = taken[0]?.epoch ?? 1
    }
    expect(await mark(behind)).toBe(false)
  })

  test('[X27] while several nodes commit, no relay ever sees a change of a dataset before an earlier one', async () => {
    const identities = Array.from({ length: 6 }, (_, n) => id(`i${n}`))
    for (const identity of identities) await site.nodes[0]!.identities.createGuest({ identity, pool: POOL, at: 1 })
    await streamTo(aTarget())
    const names = ['one', 'two']
    const bases = new Map<string, number>()
    let batches = 0
    let writing = true
    /** Each node writes to each identity; who is behind is told the count and goes on from there. */
    const write = async (node: Stores): Promise<void> => {
      while (writing) {
        const writes = identities.flatMap((identity) =>
          names.map((name) => {
            const base = bases.get(`${identity}/${name}`) ?? 0
            const origin = { id: `s${batches++}`, number: 0, hash: 'h' }
            const where = path(name, identity)
            const batch = [replace(`k${batches}`, 'v')]
            return { kind: 'update' as const, path: where, batch, origin, device: null, at: base + 1, by: 'me' }
          }),
        )
        await node.datasets.commit(writes, { ...AWS_LIMITS, recordsPerDatasetMax: 1_000_000 })
      }
    }
    const seen = new Map<string, number>()
    const faults: string[] = []
    let rows = 0
    const take = async (shard: number, mine: readonly PlacedOutboxRow[]): Promise<void> => {
      for (const { identity, dataset, syncCount } of mine) {
        const last = seen.get(`${identity}/${dataset}`) ?? 0
        if (syncCount !== last + 1) faults.push(`${identity}/${dataset}: ${syncCount} after ${last}`)
        seen.set(`${identity}/${dataset}`, syncCount)
        rows++
      }
      const now = Date.now()
      const request = { names: [`shard-${shard}`], holder: 'relay', now, until: now + 60_000 }
      const [lease] = await site.nodes[2]!.leases.take(request)
      const seqs = mine.map(({ seq }) => seq)
      if (!(await site.nodes[2]!.outbox.markPublished({ shard, lease: lease!, seqs, now }))) faults.push('not marked')
    }
    const relay = async (shard: number): Promise<void> => {
      for (;;) {
        const stopped = !writing
        const mine = await site.nodes[2]!.outbox.unpublished([shard], { ...ALL, limit: 50 })
        if (mine.length > 0) await take(shard, mine)
        else if (stopped) return
      }
    }
    const shards = Array.from({ length: SHARDS }, (_, shard) => shard)
    const relays = Promise.all(shards.map(relay))
    const writers = Promise.all([...site.nodes, ...site.nodes].map(write))
    while (rows < 10_000) await site.nodes[0]!.probe()
    writing = false
    await writers
    await relays
    expect(faults).toEqual([])
    for (const identity of identities) {
      for (const name of names) {
        const { syncCount } = await site.nodes[0]!.datasets.read(path(name, identity))
        expect(seen.get(`${identity}/${name}`)).toBe(syncCount)
      }
    }
    expect(await site.nodes[0]!.outbox.backlog()).toEqual({ rows: 0, oldestAt: null })
  })

  test('[X28] snapshots of a bulk publish have their place among the changes that several nodes commit meanwhile', async () => {
    const identities = Array.from({ length: 20 }, (_, n) => id(`b${n}`))
    for (const identity of identities) await site.nodes[0]!.identities.createGuest({ identity, pool: POOL, at: 1 })
    await streamTo(aTarget())
    let batches = 0
    const write = (node: Stores) => {
      const writes = identities.map((identity) => {
        const origin = { id: `s${batches++}`, number: 0, hash: 'h' }
        const batch = [replace(`k${batches}`, 'v')]
        return { kind: 'update' as const, path: path('d', identity), batch, origin, device: null, at: 1, by: 'me' }
      })
      return node.datasets.commit(writes, AWS_LIMITS)
    }
    await write(site.nodes[0]!)
    await site.nodes[0]!.bulkPublishes.begin({ pool: POOL, at: 1, unlessCompletedAfter: 0 })
    let complete = false
    const writers = onEach(async (node) => {
      while (!complete) await write(node)
    })
    const step = { pool: POOL, target: aTarget(), at: 1, datasetsMax: 3, bytesMax: 1_000_000 }
    while (!complete) {
      const steps = await onEach((node) => node.bulkPublishes.advance(step))
      complete = steps.some((bulk) => bulk!.complete)
    }
    await writers
    const last = new Map<string, number>()
    const snapshots: string[] = []
    for (let after = 0; ;) {
      const page = await site.nodes[1]!.changeLog.rows({ after, limit: 500 })
      for (const { identity, type, syncCount } of page) {
        const before = last.get(identity) ?? 0
        if (type === 'snapshot') snapshots.push(identity)
        expect([identity, type, syncCount]).toEqual([identity, type, type === 'snapshot' ? before : before + 1])
        last.set(identity, syncCount)
      }
      if (page.length === 0) break
      after = page.at(-1)!.seq
    }
    expect(snapshots.sort()).toEqual([...identities].sort())
    expect(await site.nodes[0]!.bulkPublishes.unpublishedRows(POOL)).toBe(identities.length)
  })

  test('[X29] once a stream is off, no commit of any node puts a change into the outbox', async () => {
    await site.nodes[0]!.identities.createGuest({ identity: id('a'), pool: POOL, at: 1 })
    let writing = true
    let batches = 0
    const writers = onEach(async (node, at) => {
      while (writing) {
        const origin = { id: `s${batches++}`, number: 0, hash: 'h' }
        const where = path(`d${at}` as DatasetName, id('a'))
        const write = { kind: 'update' as const, path: where, batch: [replace(`k${batches % 500}`, 'v')], origin }
        await node.datasets.commit([{ ...write, device: null, at: 1, by: 'me' }], AWS_LIMITS)
      }
    })
    const newest = async () => {
      const dataset = { identity: id('a'), dataset: 'd0' as DatasetName }
      return (await site.nodes[1]!.changeLog.rowsOf(dataset, { from: count(1), limit: 100_000 })).length
    }
    for (let n = 0; n < 30; n++) {
      await streamTo(aTarget())
      await streamTo(null)
      const before = await newest()
      await site.nodes[2]!.probe()
      expect(await newest()).toBe(before)
    }
    writing = false
    await writers
  })
})
