import 'reflect-metadata'
import { AWS_LIMITS, type IdentityId } from '@satchel/protocol'
import { eventually } from '../../../../../../test/support/eventually.js'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import type { PostgresServer } from '../../../../../../test/support/postgres/postgres-server.js'
import type { DatasetWrite } from '../../../domain/dataset-write.js'
import { count, path, POOL, replace } from '../../../domain/testing/a-dataset.js'
import { HeldClock } from '../../../runtime/testing/held-clock.js'
import { SystemClock } from '../../../runtime/clock.js'
import { SystemRandom } from '../../../runtime/random.js'
import type { ListRequest } from '../../dataset-store.js'
import { postgresHarness, type PostgresHarness } from '../../testing/postgres-harness.js'
import { LANES, PostgresDatabase } from './postgres-database.js'
import { PostgresDatasetStore } from './postgres-dataset-store.js'
import { PostgresReplica } from './postgres-replica.js'

const RECORDS = 300
const EVERYTHING: ListRequest = { after: { syncCount: count(0), key: null }, through: null, limit: 10_000 }
const LOAD_MS = 4_000
const LOAD_MS_MAX = 60_000

const connect = (url: string): Promise<PostgresDatabase> =>
  PostgresDatabase.connect({
    url,
    connections: LANES + 2,
    partitions: null,
    clock: new SystemClock(),
    random: new SystemRandom(),
  })

describeWithPostgres('a PostgreSQL with a replica', (postgres) => {
  let standby: PostgresServer
  let harness: PostgresHarness
  let replica: PostgresReplica
  let store: PostgresDatasetStore
  let batches = 0
  const name = () => new URL(harness.url).pathname.slice(1)

  beforeEach(async () => {
    harness = await postgresHarness(postgres())
    await harness.addPool(POOL)
    standby = await postgres().startReplica()
    open()
  })
  afterEach(async () => {
    await replica.close()
    await harness.close()
    await standby.end()
  })

  /** The clock of its circuit: one in the hand where a test is not about rests. */
  function open(clock = new SystemClock(), url = standby.url(name())): void {
    replica = new PostgresReplica(harness.database, clock, { url, max: LANES, name: 'satchel test' })
    store = new PostgresDatasetStore(harness.database, undefined, replica)
  }

  const write = async (identity: IdentityId, keys: number, at = batches, to = store): Promise<number> => {
    const batch = Array.from({ length: keys }, (_, n) => replace(`k${n}`, `v${at}`, at))
    const origin = { id: `s${batches++}`, number: 0, hash: 'h' }
    const update: DatasetWrite = {
      kind: 'update',
      path: path('settings', identity),
      batch,
      origin,
      device: null,
      at: 1,
      by: 'me',
    }
    const [outcome] = await to.commit([update], AWS_LIMITS)
    if (outcome!.kind !== 'accepted') throw new Error(`a batch was judged as ${outcome!.kind}`)
    return outcome!.dataset.syncCount
  }
  const aDataset = async (n: number, keys = RECORDS): Promise<IdentityId> => {
    const identity = `us-east-1:${n}` as IdentityId
    await harness.addIdentity(identity, POOL)
    await write(identity, keys, 0)
    return identity
  }
  /** Until the standby has replayed what the primary has written by now. */
  const caughtUp = async (): Promise<void> => {
    const [{ lsn }] = (await postgres().ask<{ lsn: string }>('SELECT pg_current_wal_flush_lsn() AS lsn')) as [
      { lsn: string },
    ]
    for (;;) {
      const [row] = await standby.ask<{ done: boolean }>(`SELECT pg_last_wal_replay_lsn() >= '${lsn}' AS done`)
      if (row!.done) return
    }
  }
  const list = (identity: IdentityId, request: Partial<ListRequest> = {}) =>
    store.list(path('settings', identity), { ...EVERYTHING, ...request })
  /** A large dataset that it has listed, and the clock of its circuit. */
  const askedOnce = async () => {
    const identity = await aDataset(1)
    await caughtUp()
    const clock = new HeldClock()
    await replica.close()
    open(clock)
    await list(identity)
    return { identity, clock }
  }
  const figures = () => Object.fromEntries(replica.figures())

  test('[PL8] [X13] a large dataset comes from it, page by page, exactly as from the primary; what is small or a difference does not', async () => {
    const identity = await aDataset(1)
    const small = await aDataset(2, 5)
    await caughtUp()
    const listed = await list(identity)
    expect(figures()).toEqual({ replica: 1 })
    expect(listed).toEqual(await harness.store.list(path('settings', identity), EVERYTHING))
    expect([listed.records.length, listed.remaining]).toEqual([RECORDS, 0])
    const page = { after: { syncCount: count(1), key: listed.records[9]!.key }, through: count(1), limit: 200 }
    const next = await list(identity, page)
    expect(next).toEqual(await harness.store.list(path('settings', identity), { ...EVERYTHING, ...page }))
    expect([next.records.length, next.remaining, figures()]).toEqual([200, 90, { replica: 2 }])
    await list(identity, { after: { syncCount: count(1), key: null } })
    await list(identity, { limit: 10 })
    await list(small)
    expect(figures()).toEqual({ replica: 2, small: 1 })
  })

  test('[PL8] under load, its replay paused and resumed, whoever wrote reads what was written', async () => {
    const identities = await Promise.all(Array.from({ length: 6 }, (_, n) => aDataset(n)))
    await caughtUp()
    const begunAt = performance.now()
    // Once it has been behind for some time it is left alone for a while, so how long it takes to see both is the machine's.
    const goesOn = () => {
      const ms = performance.now() - begunAt
      const { behind = 0, replica: answered = 0 } = figures()
      return ms < LOAD_MS || (ms < LOAD_MS_MAX && (behind === 0 || answered === 0))
    }
    let reads = 0
    const editor = async (identity: IdentityId) => {
      let held = 1
      while (goesOn()) {
        held = await write(identity, RECORDS, held)
        for (let n = 0; n < 5; n++) {
          const { dataset, records } = await list(identity)
          expect([dataset.syncCount, records.length]).toEqual([held, RECORDS])
          expect(new Set(records.map((record) => record.syncCount))).toEqual(new Set([held]))
          reads++
        }
      }
    }
    /** Until one more listing went so, or there are no further ones. */
    const until = (how: 'behind' | 'replica') => {
      const before = figures()[how] ?? 0
      const isSame = () => goesOn() && (figures()[how] ?? 0) === before
      return eventually(
        () => (isSame() ? Promise.reject(new Error(`none was ${how}`)) : Promise.resolve()),
        LOAD_MS_MAX,
      )
    }
    let pauses = 0
    const pausing = async () => {
      for (; goesOn(); pauses++) {
        await standby.ask('SELECT pg_wal_replay_pause()')
        await until('behind')
        await standby.ask('SELECT pg_wal_replay_resume()')
        await until('replica')
      }
    }
    await Promise.all([...identities.map(editor), pausing()])
    console.info(`${reads} listings right after a write, ${pauses} pauses: ${JSON.stringify(figures())}`)
    expect(figures()).toMatchObject({ behind: expect.any(Number), replica: expect.any(Number) })
  })

  test('[PL9] one that is killed costs one listing a second at most, and then nothing until it is tried again', async () => {
    const { identity, clock } = await askedOnce()
    await standby.kill()
    for (let n = 0; n < 20; n++) expect((await list(identity)).records).toHaveLength(RECORDS)
    expect(figures()).toEqual({ replica: 1, away: 20 })
    await standby.restart()
    await caughtUp()
    clock.advance(60_000)
    await list(identity)
    expect(figures()).toEqual({ replica: 2, away: 20 })
  })

  test('[PL9] one that hangs puts a listing off for a second at most, and is then left alone', async () => {
    const identity = await aDataset(1)
    await caughtUp()
    await list(identity)
    standby.pause()
    const times: number[] = []
    for (let n = 0; n < 5; n++) {
      const startedAt = performance.now()
      expect((await list(identity)).records).toHaveLength(RECORDS)
      times.push(Math.round(performance.now() - startedAt))
    }
    standby.resume()
    console.info(`listings while the replica hangs took ${times.join(', ')} ms`)
    expect(Math.max(...times.slice(1))).toBeLessThan(times[0]!)
    expect(figures()).toEqual({ replica: 1, away: 5 })
  })

  test('[PL8] one that was promoted, and went its own way, is not asked, though it has the very counts', async () => {
    const { identity, clock } = await askedOnce()
    await standby.ask('SELECT pg_promote()')
    const theirs = `UPDATE record SET value = 'theirs'`
    for (let done = false; !done;)
      done = await standby.ask(theirs, name()).then(
        () => true,
        () => false,
      )
    clock.advance(60_000)
    const { dataset, records } = await list(identity)
    expect([dataset.syncCount, records[0]!.value]).toEqual([1, 'v0'])
    expect(figures()).toEqual({ replica: 1, away: 1 })
  })

  test('[PL8] one that follows a primary of before is not asked once that was replaced, though both have the same counts', async () => {
    const identity = await aDataset(1)
    // A second standby takes over, while the first goes on with the old primary.
    const heir = await postgres().startReplica()
    await caughtUp()
    await heir.ask('SELECT pg_promote()')
    const lost = await write(identity, RECORDS, 1)
    await caughtUp()
    const database = await connect(heir.url(name()))
    try {
      const late = new PostgresReplica(database, new SystemClock(), {
        url: standby.url(name()),
        max: 2,
        name: 'satchel test',
      })
      const stores = new PostgresDatasetStore(database, undefined, late)
      const kept = await write(identity, RECORDS - 1, 1, stores)
      const { records } = await stores.list(path('settings', identity), EVERYTHING)
      expect([lost, kept, Object.fromEntries(late.figures())]).toEqual([2, 2, { away: 1 }])
      // The one that only the primary of before has written is not there.
      expect(records.filter(({ syncCount }) => syncCount === 2)).toHaveLength(RECORDS - 1)
      await late.close()
    } finally {
      await database.close()
      await heir.end()
    }
  })

  test('[PL8] a user of the database without any rights beside its tables is enough', async () => {
    const identity = await aDataset(1)
    await postgres().ask(
      `CREATE ROLE plain LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO plain`,
      name(),
    )
    await caughtUp()
    const as = (url: string) => url.replace(/\/\/[^@]*@/, '//plain:a-password@')
    const database = await connect(as(harness.url))
    const plain = new PostgresReplica(database, new SystemClock(), {
      url: as(standby.url(name())),
      max: 2,
      name: 'satchel test',
    })
    await new PostgresDatasetStore(database, undefined, plain).list(path('settings', identity), EVERYTHING)
    expect(Object.fromEntries(plain.figures())).toEqual({ replica: 1 })
    await plain.close()
    await database.close()
  })
})
