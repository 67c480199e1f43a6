import 'reflect-metadata'
import { AWS_LIMITS, type IdentityId } from '@satchel/protocol'
import { eventually } from '../../../../../test/support/eventually.js'
import { describeWithPostgres } from '../../../../../test/support/postgres/describe-with-postgres.js'
import { path, replace } from '../../domain/testing/a-dataset.js'
import type { ChangeLog } from '../../store/change-log.js'
import { freshDatabase } from '../../store/testing/postgres-databases.js'
import { nodeOn } from '../../store/testing/postgres-stores.js'
import { aTarget, StreamHarness } from '../../store/testing/stream-harness.js'
import { logRows } from './log-rows.js'

const IDENTITIES = 12
const NODES = 6
const READINGS = 25
/** Commits between two pages. */
const COMMITS = 3 * IDENTITIES
const TEST_MS_MAX = 120_000

const guest = (index: number) => `eu-west-1:00000000-0000-4000-8000-0000000001${index}` as IdentityId

/** The same log, with a page that ends right before the newest row, and behind it much that is committed. */
function inTwoPages(log: ChangeLog, behindPage: () => Promise<void>): Pick<ChangeLog, 'newestSeq' | 'rows'> {
  let newest = 0
  return {
    newestSeq: async () => (newest = await log.newestSeq()),
    rows: async (page) => {
      const older = (await log.rows(page)).filter(({ seq }) => seq < newest)
      if (older.length > 0) return older
      await behindPage()
      return log.rows(page)
    },
  }
}

/** Keeps each transaction open for a moment behind its last statement: places are taken, and committed in another order. */
const SLOW_COMMITS = [
  `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(random() * 0.02); RETURN NULL; END'`,
  'CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()',
]

describeWithPostgres('the change log read page by page while nodes commit', (postgres) => {
  test(
    '[V71] has every change that was committed before, and of each dataset none without the one before it',
    async () => {
      const url = await freshDatabase(postgres())
      const server = await StreamHarness.over(await nodeOn(url))
      const nodes = await Promise.all(Array.from({ length: NODES }, () => nodeOn(url)))
      for (const statement of SLOW_COMMITS) await postgres().ask(statement, new URL(url).pathname.slice(1))
      await server.setTarget(aTarget())
      const guests = Array.from({ length: IDENTITIES }, (_, index) => guest(index + 10))
      for (const identity of guests) await server.addIdentity(identity)
      const committed = new Map<IdentityId, number>(guests.map((identity) => [identity, 0]))
      let ended = false
      const writing = guests.map(async (identity, index) => {
        const { datasets } = nodes[index % NODES]!
        for (let base = 0; !ended; base++) {
          await datasets.commit([server.update([replace('a', `v${base}`, base)], path('a', identity))], AWS_LIMITS)
          committed.set(identity, base + 1)
        }
      })
      const sum = () => [...committed.values()].reduce((all, some) => all + some, 0)
      const muchIsCommitted = async () => {
        const until = sum() + COMMITS
        await eventually(() => (sum() >= until ? Promise.resolve() : Promise.reject(new Error('too few'))), TEST_MS_MAX)
      }
      let meanwhile = 0
      try {
        for (let reading = 0; reading < READINGS; reading++) {
          const before = new Map(committed)
          const seen = new Map<IdentityId, number[]>(guests.map((identity) => [identity, []]))
          for await (const page of logRows(inTwoPages(server.stores.changeLog, muchIsCommitted))) {
            for (const { identity, syncCount } of page) seen.get(identity)!.push(syncCount)
          }
          for (const [identity, counts] of seen) {
            expect(counts).toEqual(counts.map((_, index) => index + 1))
            expect(counts.length).toBeGreaterThanOrEqual(before.get(identity)!)
            meanwhile += committed.get(identity)! - counts.length
          }
        }
        expect(meanwhile).toBeGreaterThan(0)
      } finally {
        ended = true
        await Promise.all(writing)
        await Promise.all([...nodes, server].map((node) => node.close()))
      }
    },
    TEST_MS_MAX,
  )
})
