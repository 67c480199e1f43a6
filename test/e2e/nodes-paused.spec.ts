import { aGuest, aPool } from '../support/a-pool.js'
import { forMs } from '../support/for-ms.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import type { PostgresServer } from '../support/postgres/postgres-server.js'
import { servedSite } from '../support/nodes/served-site.js'
import type { Site } from '../support/nodes/site.js'
import { RUN_SEED } from '../support/seeded.js'
import { deviceAt, replace, type WireDevice } from '../support/wire-client.js'

/** Pauses of nodes that hold locks. SATCHEL_E2E_PAUSES makes a longer run, or a shorter one to try something out. */
const PAUSES = Number(process.env['SATCHEL_E2E_PAUSES'] ?? 6)
const PAUSE_MS_MIN = 1_000
const PAUSE_MS_MAX = 7_000
const LOCKS = 2
/** It is four seconds; the machine may be slow. */
const WAIT_MS_MAX = 15_000
/** After so many moments at which a node held nothing, the test gives up. */
const MOMENTS_MAX = 2_000
const TEST_MS_MAX = 240_000

describeWithPostgres('three nodes that are frozen', (postgres) => {
  const served = servedSite(postgres)

  /** Freezes a node, again and again, until it is in the middle of a transaction that has written or locked something. */
  const freezeWithLocks = async (choose: (site: Site) => number): Promise<number> => {
    const { site, chance, database } = served
    for (let moment = 0; moment < MOMENTS_MAX; moment++) {
      await forMs(chance.from(0, 30))
      const place = choose(site)
      site.pause(place)
      if (await holdsLocks(postgres(), database)) return place
      site.resume(place)
    }
    throw new Error(`at ${MOMENTS_MAX} moments no node held a lock`)
  }

  test(
    `[NO5] one that is frozen in the middle of a commit keeps others from its identity for a few seconds, seed ${RUN_SEED}`,
    async () => {
      const { site } = served
      const who = await aGuest(site.running, await aPool(site.running))
      const [frozen, other] = [deviceAt(site.nodes[0]!, who), deviceAt(site.nodes[1]!, who)]
      const waits: number[] = []
      let writing = true
      let written = 0
      const write = async (device: WireDevice, dataset: string, key: string): Promise<void> => {
        const { Records, SyncSessionToken, DatasetSyncCount } = await device.list(dataset)
        const base = Records.find(({ Key }) => Key === key)?.SyncCount ?? 0
        const [record] = await device.update(dataset, SyncSessionToken, [replace(key, `${DatasetSyncCount}`, base)])
        expect(record!.SyncCount).toBe(DatasetSyncCount + 1)
        written++
      }
      // What a node answers when it wakes may come too late for whoever asked.
      const busy = ['a', 'b', 'c'].map(async (dataset) => {
        while (writing) await write(frozen, dataset, 'k').catch(() => forMs(20))
      })
      for (let n = 0; n < LOCKS; n++) {
        await freezeWithLocks(() => 0)
        const beganMs = performance.now()
        await write(other, 'elsewhere', 'k')
        waits.push(Math.round(performance.now() - beganMs))
        site.resume(0)
      }
      writing = false
      await Promise.all(busy)
      console.info(`waited for the locks of a frozen node: ${waits.join()} ms; ${written} writes`)
      for (const waitedMs of waits) expect(waitedMs).toBeLessThan(WAIT_MS_MAX)
      // It serves on, and both say the same.
      await write(frozen, 'elsewhere', 'k')
      for (const dataset of ['a', 'b', 'c', 'elsewhere']) {
        const [here, there] = [await frozen.list(dataset), await other.list(dataset)]
        expect([here.DatasetSyncCount, here.Records]).toEqual([there.DatasetSyncCount, there.Records])
      }
      expect(site.defects()).toEqual([])
    },
    TEST_MS_MAX,
  )

  test(
    `[NO5] [NO1] ${PAUSES} nodes that freeze in the middle of commits, and wake seconds later, do no harm, seed ${RUN_SEED}`,
    async () => {
      const { site, load, chance } = await served.underLoad({ deleting: false })
      let frozenMs = 0
      for (let pause = 0; pause < PAUSES && !load.aws.broken; pause++) {
        const place = await freezeWithLocks(({ fullest }) => fullest)
        const ms = chance.from(PAUSE_MS_MIN, PAUSE_MS_MAX)
        await forMs(ms)
        site.resume(place)
        frozenMs += ms
      }
      await load.judge(`${PAUSES} pauses, ${frozenMs} ms`, {
        aws: { updates: 0, conflicts: 0, guests: 0, bySdk: 0, lost: 0 },
        batches: { accepted: PAUSES },
      })
    },
    TEST_MS_MAX,
  )
})

/** Whether somebody sits in a transaction, without asking anything, that has locked rows or is about to. */
async function holdsLocks(postgres: PostgresServer, database: string): Promise<boolean> {
  const idle = async () =>
    (await postgres.ask<{ pid: number; begun: string }>(IDLE, database)).map(({ pid, begun }) => `${pid} ${begun}`)
  const [before, after] = [await idle(), (await forMs(100), await idle())]
  return before.some((one) => after.includes(one))
}

/** A transaction that has only read locks no rows. */
const IDLE = `SELECT a.pid, a.xact_start::text AS begun FROM pg_stat_activity AS a
  WHERE a.datname = current_database() AND a.state = 'idle in transaction' AND EXISTS (
    SELECT 1 FROM pg_locks AS l WHERE l.pid = a.pid AND l.mode = 'RowShareLock' AND l.relation = 'identity'::regclass)`
