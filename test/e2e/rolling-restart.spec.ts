import { CognitoSync } from '@aws-sdk/client-cognito-sync'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { aGuest, aPool, at, datasetOf, type Somebody } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { exchange } from '../support/http-exchange.js'
import { servedSite } from '../support/nodes/served-site.js'
import { RUN_SEED } from '../support/seeded.js'
import { replace } from '../support/wire-client.js'

/** SATCHEL_E2E_ROUNDS makes a longer run: in each round every node is restarted once. */
const ROUNDS = Number(process.env['SATCHEL_E2E_ROUNDS'] ?? 2)
/** A device is live again within two seconds where there is room; this machine is shared with three nodes, their database and all clients. */
const AWAY_MS_MAX = 15_000
const TEST_MS_MAX = 240_000

/** A caller by the SDK as it comes, that knows nothing of nodes: whatever fails in spite of the SDK's own retries is a fault. */
class Caller {
  readonly faults: string[] = []
  done = 0
  retried = 0
  private over = false

  constructor(
    private readonly who: Somebody,
    private readonly sync: CognitoSync,
  ) {}

  async run(): Promise<void> {
    const where = datasetOf(this.who, 'by-sdk')
    let base = 0
    while (!this.over) {
      try {
        const listed = await this.sync.listRecords(where)
        const { SyncSessionToken } = listed
        const sent = { ...where, SyncSessionToken, RecordPatches: [replace('key', `${this.done}`, base)] as never }
        const updated = await this.sync.updateRecords(sent)
        base = updated.Records![0]!.SyncCount!
        this.retried += (listed.$metadata.attempts ?? 1) + (updated.$metadata.attempts ?? 1) - 2
        this.done++
      } catch (fault) {
        this.faults.push(
          `after ${this.done}: ${String(fault)} ${JSON.stringify((fault as { $metadata?: object }).$metadata)}`,
        )
        base = (await this.sync.listRecords(where)).Records?.[0]?.SyncCount ?? 0
      }
    }
  }

  finish(): void {
    this.over = true
  }
}

describeWithPostgres('three nodes that are restarted one after another', (postgres) => {
  const served = servedSite(postgres)

  test(
    `[MV4] ${ROUNDS} rounds of SIGTERM and start under load fail no request of the SDK, and devices are live again, seed ${RUN_SEED}`,
    async () => {
      const { site, load } = await served.underLoad()
      const pool = await aPool(site.running)
      const callers = await Promise.all(
        [1, 2, 3, 4].map(async () => {
          const who = await aGuest(site.running, pool)
          return new Caller(who, new CognitoSync({ ...at(site.running), credentials: who.credentials }))
        }),
      )
      const running = callers.map((caller) => caller.run())
      const stops: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        for (const place of site.nodes.keys()) {
          const begun = performance.now()
          await site.stop(place)
          stops.push(Math.round(performance.now() - begun))
          await site.restart(place)
        }
      }
      for (const caller of callers) caller.finish()
      await Promise.all(running)
      const faults = [...(await load.faults()), ...callers.flatMap((caller) => caller.faults)]
      const { absences } = load.native
      const [done, retried] = [callers.reduce((n, c) => n + c.done, 0), callers.reduce((n, c) => n + c.retried, 0)]
      console.info(
        `${stops.length} restarts, stopped in ${Math.min(...stops)} to ${Math.max(...stops)} ms; the SDK wrote ${done} times and tried again by itself ${retried} times; ` +
          `devices were away ${absences.lengths.length} times, half of them for up to ${absences.percentile(50)} ms, the longest ${absences.longest} ms`,
      )
      expect(faults).toEqual([])
      expect(done).toBeGreaterThan(stops.length * 10)
      expect(absences.lengths.length).toBeGreaterThan(0)
      expect(absences.longest).toBeLessThan(AWAY_MS_MAX)
      for (const ms of stops) expect(ms).toBeLessThan(10_000)
    },
    TEST_MS_MAX,
  )

  test('[MV4] a node that is told to stop says so before it does, goes on answering, and ends connections with their answers', async () => {
    const { site } = served
    const node = site.nodes[0]!
    const stopped = site.stop(0)
    const ready = await eventually(async () => {
      const answer = await exchange(node.url, { target: '/health/ready' })
      expect([answer.status, answer.headers['connection']]).toEqual([503, 'close'])
      return answer
    }, 5_000)
    expect(ready.text).toContain('"draining":true')
    const live = await exchange(node.url, { target: '/health/live' })
    expect([live.status, live.headers['connection']]).toEqual([200, 'close'])
    await stopped
    await site.restart(0)
  })
})
