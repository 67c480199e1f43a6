import 'reflect-metadata'
import { AWS_LIMITS, type DatasetName, type IdentityId } from '@satchel/protocol'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import { judgeSignIn } from '../../../domain/linking.js'
import type { PlacedOutboxRow } from '../../../domain/outbox-row.js'
import { SHARDS } from '../../../domain/outbox-row.js'
import { count, path, POOL, replace } from '../../../domain/testing/a-dataset.js'
import { NO_SYNC_SETTINGS } from '../../../domain/sync-settings.js'
import type { Stores } from '../../stores.js'
import { aPool } from '../../testing/a-pool.js'
import { emptyDatabase } from '../../testing/postgres-databases.js'
import { nodeOn } from '../../testing/postgres-stores.js'
import { aTarget } from '../../testing/stream-harness.js'

const RACES = 1_000
const ALL = { limit: 1_000, bytesMax: Infinity }

const id = (name: string): IdentityId => `us-east-1:${name}` as IdentityId

/** What only shows where several nodes, with connections of their own, are at one database. */
describeWithPostgres('several nodes at one PostgreSQL', (postgres) => {
  let nodes: readonly Stores[]
  beforeEach(async () => {
    const url = await emptyDatabase(postgres())
    nodes = await Promise.all([1, 2, 3].map(() => nodeOn(url)))
    await nodes[0]!.pools.create(aPool(1))
  })
  afterEach(() => Promise.all(nodes.map((node) => node.close())))

  const onEach = <T>(work: (node: Stores, at: number) => Promise<T>): Promise<T[]> => Promise.all(nodes.map(work))
  const streamTo = (target: ReturnType<typeof aTarget> | null) =>
    nodes[0]!.pools.changeSyncSettings(POOL, () => ({
      ...NO_SYNC_SETTINGS,
      cognitoStreams: {
        streamName: target?.streamName ?? 'changes',
        roleArn: 'arn:r',
        streamingStatus: target === null ? 'DISABLED' : 'ENABLED',
        disabledReason: null,
        target,
      },
    }))

  test(`[X25] two logins that claim one guest at once on several nodes: one gets it, ${RACES} times`, async () => {
    const race = async (n: number): Promise<string> => {
      const named = id(`guest-${n}`)
      await nodes[0]!.identities.createGuest({ identity: named, pool: POOL, at: 1 })
      const outcomes = await onEach((node, at) => {
        const login = { provider: 'login.example.com', userId: `user-${n}-${at}` }
        return node.identities.signIn({ pool: POOL, login, named, fresh: id('none'), at: 2 }, judgeSignIn)
      })
      const { logins } = (await nodes[1]!.identities.find(named))!
      return [...outcomes.map((o) => (o.kind === 'refused' ? o.why : o.kind)).sort(), logins.length].join()
    }
    const ended = new Map<string, number>()
    for (let n = 0; n < RACES; n += 10) {
      for (const outcome of await Promise.all(Array.from({ length: 10 }, (_, more) => race(n + more)))) {
        ended.set(outcome, (ended.get(outcome) ?? 0) + 1)
      }
    }
    expect([...ended]).toEqual([['linked,logins-do-not-match,logins-do-not-match,1', RACES]])
  })

  test(`[X25] one user who signs in at once on several nodes is one identity, ${RACES} times`, async () => {
    const race = async (n: number): Promise<void> => {
      const login = { provider: 'login.example.com', userId: `user-${n}` }
      const outcomes = await onEach((node, at) =>
        node.identities.signIn({ pool: POOL, login, named: null, fresh: id(`${n}-${at}`), at: 2 }, judgeSignIn),
      )
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['created', 'used', 'used'])
      expect(new Set(outcomes.map((o) => (o.kind === 'refused' ? null : o.identity.identity))).size).toBe(1)
    }
    for (let n = 0; n < RACES; n += 10) await Promise.all(Array.from({ length: 10 }, (_, more) => race(n + more)))
    expect(await nodes[0]!.figures()).toMatchObject({ identities: RACES })
  })

  test('[X25] a name that several nodes want at once is one pool, and their first signing key is one', async () => {
    for (let n = 0; n < 50; n++) {
      const wanted = await onEach((node, at) => {
        const pool = `us-east-1:${n}-${at}` as typeof POOL
        return node.pools.findOrCreateByName({ ...aPool(2, { name: `demo ${n}` }), pool })
      })
      expect(new Set(wanted.map(({ pool }) => pool)).size).toBe(1)
    }
    const key = { publicJwk: '{}', closedPrivateKey: 'x', createdAt: 1, signsFrom: 1, closedUnder: null }
    const kept = await onEach((node, at) => node.signingKeys.addFirst({ ...key, kid: `${at}` }))
    expect(kept.map((keys) => keys.length)).toEqual([1, 1, 1])
    expect(new Set(kept.map(([first]) => first!.kid)).size).toBe(1)
  })

  test(`[MV5] settings of a pool that several nodes change at once keep every change, ${RACES} times`, async () => {
    for (let n = 0; n < RACES; n += 3) {
      await onEach((node, at) =>
        node.pools.changeSyncSettings(POOL, (held) => ({
          ...held,
          events: { ...held.events, [`e${n + at}`]: 'arn:f' },
        })),
      )
    }
    expect(Object.keys((await nodes[0]!.pools.syncSettings(POOL))!.events)).toHaveLength(RACES + 2)
  })

  test('[MV5] settings of a pool itself that several nodes change at once keep every change', async () => {
    for (let n = 0; n < 100; n++) {
      await onEach((node, at) =>
        node.pools.update(POOL, (held) => {
          const tags = new Map([...held.settings.tags, [`t${n}-${at}`, '']])
          return { ...held, settings: { ...held.settings, tags } }
        }),
      )
    }
    expect((await nodes[0]!.pools.find(POOL))!.settings.tags.size).toBe(300)
  })

  test('[MV8] once an identity is disabled or deleted at one node, no other node takes a write of it, whatever it saw just before', async () => {
    for (let n = 0; n < 100; n++) {
      const named = id(`leaving-${n}`)
      const where = { ...path(), identity: named }
      await nodes[0]!.identities.createGuest({ identity: named, pool: POOL, at: 1 })
      let gone = false
      const writing = nodes.slice(1).map(async (node, at) => {
        for (let more = 0, after = 0; after < 3; more++) {
          const begunGone = gone
          if (begunGone) after++
          else await node.identities.isActive(named, POOL)
          const origin = { id: `${n}-${at}-${more}`, number: 0, hash: 'h' }
          const batch = [replace(`k${at}-${more}`, 'v')]
          const write = { kind: 'update', path: where, batch, origin, device: null, at: 1, by: 'me' } as const
          const [outcome] = await node.datasets.commit([write], AWS_LIMITS)
          if (begunGone) expect(outcome!.kind).toBe('no-identity')
        }
      })
      if (n % 2 === 0) await nodes[0]!.identities.disable(named, 2)
      else await nodes[0]!.identities.delete([named], 2)
      gone = true
      await Promise.all(writing)
    }
  })

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
    const [lease] = await nodes[0]!.leases.take({ names, holder: 'one', now, until: now + 60_000 })
    const ahead = now + 3_600_000
    expect(await nodes[1]!.leases.take({ names, holder: 'ahead', now: ahead, until: ahead + 60_000 })).toEqual([])
    const mark = (time: number) => nodes[0]!.outbox.markPublished({ shard: 0, lease: lease!, seqs: [], now: time })
    expect(await mark(ahead)).toBe(true)
    const behind = now - 3_600_000
    const prolonged = await nodes[0]!.leases.take({ names, holder: 'one', now: behind, until: behind + 1 })
    expect(prolonged).toEqual([{ name: 'shard-0', holder: 'one', epoch: 1, until: behind + 1 }])
    for (let epoch = 1; epoch === 1;) {
      const taken = await nodes[1]!.leases.take({ names, holder: 'two', now: behind, until: behind + 60_000 })
      epoch = taken[0]?.epoch ?? 1
    }
    expect(await mark(behind)).toBe(false)
  })

  test('[X27] while several nodes commit, no relay ever sees a change of a dataset before an earlier one', async () => {
    const identities = Array.from({ length: 6 }, (_, n) => id(`i${n}`))
    for (const identity of identities) await nodes[0]!.identities.createGuest({ identity, pool: POOL, at: 1 })
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
      const [lease] = await nodes[2]!.leases.take(request)
      const seqs = mine.map(({ seq }) => seq)
      if (!(await nodes[2]!.outbox.markPublished({ shard, lease: lease!, seqs, now }))) faults.push('not marked')
    }
    const relay = async (shard: number): Promise<void> => {
      for (;;) {
        const stopped = !writing
        const mine = await nodes[2]!.outbox.unpublished([shard], { ...ALL, limit: 50 })
        if (mine.length > 0) await take(shard, mine)
        else if (stopped) return
      }
    }
    const shards = Array.from({ length: SHARDS }, (_, shard) => shard)
    const relays = Promise.all(shards.map(relay))
    const writers = Promise.all([...nodes, ...nodes].map(write))
    while (rows < 10_000) await nodes[0]!.probe()
    writing = false
    await writers
    await relays
    expect(faults).toEqual([])
    for (const identity of identities) {
      for (const name of names) {
        const { syncCount } = await nodes[0]!.datasets.read(path(name, identity))
        expect(seen.get(`${identity}/${name}`)).toBe(syncCount)
      }
    }
    expect(await nodes[0]!.outbox.backlog()).toEqual({ rows: 0, oldestAt: null })
  })

  test('[X28] snapshots of a bulk publish have their place among the changes that several nodes commit meanwhile', async () => {
    const identities = Array.from({ length: 20 }, (_, n) => id(`b${n}`))
    for (const identity of identities) await nodes[0]!.identities.createGuest({ identity, pool: POOL, at: 1 })
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
    await write(nodes[0]!)
    await nodes[0]!.bulkPublishes.begin({ pool: POOL, at: 1, unlessCompletedAfter: 0 })
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
      const page = await nodes[1]!.changeLog.rows({ after, limit: 500 })
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
    expect(await nodes[0]!.bulkPublishes.unpublishedRows(POOL)).toBe(identities.length)
  })

  test('[X29] once a stream is off, no commit of any node puts a change into the outbox', async () => {
    await nodes[0]!.identities.createGuest({ identity: id('a'), pool: POOL, at: 1 })
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
      return (await nodes[1]!.changeLog.rowsOf(dataset, { from: count(1), limit: 100_000 })).length
    }
    for (let n = 0; n < 30; n++) {
      await streamTo(aTarget())
      await streamTo(null)
      const before = await newest()
      await nodes[2]!.probe()
      expect(await newest()).toBe(before)
    }
    writing = false
    await writers
  })
})
