import 'reflect-metadata'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import { Refusal } from '../../../refusal.js'
import { freshDatabase, openDatabase } from '../../testing/postgres-databases.js'
import { LANES, type PostgresDatabase } from './postgres-database.js'
import { prepared } from './prepared.js'

const OTHERS = 3
/** What a statement takes; of those three connections, about 150 are done in a second. */
const STATEMENT_MS = 20
const SLOW = prepared(`SELECT pg_sleep(${STATEMENT_MS / 1_000})`)
const QUICK = prepared('SELECT 1')
const EVERY_MS = 10
const LOAD_MS = 5_000

type Outcome = Readonly<{ kind: string; ms: number }>

describeWithPostgres('a database that is asked for more than it can do', (postgres) => {
  let database: PostgresDatabase
  beforeEach(async () => {
    database = await openDatabase(await freshDatabase(postgres()), { connections: LANES + OTHERS })
  })
  afterEach(() => database.close())

  const ask = async (): Promise<Outcome> => {
    const startedAt = performance.now()
    const kind = await database.query(SLOW).then(
      () => 'done',
      (cause: unknown) => (cause instanceof Refusal ? cause.code : String(cause)),
    )
    return { kind, ms: performance.now() - startedAt }
  }

  /** As many statements a second, whoever is done with. Answers what became of them, by kind, and how many were done a second. */
  async function offer(perSecond: number) {
    const asked: Promise<Outcome>[] = []
    const startedAt = performance.now()
    let passed = 0
    while (passed < LOAD_MS) {
      while (asked.length < (passed / 1_000) * perSecond) asked.push(ask())
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
      passed = performance.now() - startedAt
    }
    const outcomes = await Promise.all(asked)
    const seconds = (performance.now() - startedAt) / 1_000
    const of = (kind: string) => outcomes.filter((outcome) => outcome.kind === kind).map(({ ms }) => ms)
    const done = of('done')
    const refused = of('TooManyRequests')
    expect(done.length + refused.length).toBe(outcomes.length)
    const longest = (times: readonly number[]) => Math.round(Math.max(0, ...times))
    return {
      offered: outcomes.length,
      perSecond: Math.round(done.length / seconds),
      longestMs: longest(done),
      refused: refused.length,
      refusedWithinMs: longest(refused),
    }
  }

  test('[PL1] at five times what it can do, it does as much as ever, in bounded time, and the rest is refused', async () => {
    const capacity = await offer((OTHERS * 1_000) / STATEMENT_MS)
    const fivefold = await offer((5 * OTHERS * 1_000) / STATEMENT_MS)
    console.info(`offered what it can do: ${JSON.stringify(capacity)}; five times that: ${JSON.stringify(fivefold)}`)
    expect(fivefold.perSecond).toBeGreaterThan(0.8 * capacity.perSecond)
    expect(fivefold.refused).toBeGreaterThan(fivefold.offered / 2)
    // The line is a second long; what is more is this machine's.
    expect(fivefold.longestMs).toBeLessThan(4_000)
    expect(fivefold.refusedWithinMs).toBeLessThan(3_000)
  })

  test('[PL4] what the server itself needs of the database goes before what waits, and is not refused', async () => {
    let over = false
    const load = offer((5 * OTHERS * 1_000) / STATEMENT_MS).finally(() => (over = true))
    const times: number[] = []
    while (!over) {
      const startedAt = performance.now()
      await database.background.query(QUICK)
      times.push(performance.now() - startedAt)
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
    }
    await load
    const median = times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!
    console.info(`${times.length} probes under load: median ${Math.round(median)} ms, longest ${times.at(-1)} ms`)
    expect(times.length).toBeGreaterThan(10)
    // Less than the second that all others wait.
    expect(median).toBeLessThan(500)
  })

  test('[PL1] behind a lock of somebody else callers are refused until it is gone, and then served', async () => {
    let open!: () => void
    const isOpen = new Promise<void>((resolve) => (open = resolve))
    const locked = prepared('LOCK TABLE signing_key IN ACCESS EXCLUSIVE MODE')
    const holder = database.commit(async (transaction) => {
      await transaction.run(locked)
      await isOpen
    })
    const blocked = prepared('SELECT 1 FROM signing_key')
    const asked = Array.from({ length: 20 }, () => database.query(blocked))
    const told = Promise.allSettled(asked)
    // The line's own bound of time refuses those who were let in before anything was known.
    const refused = await Promise.race(asked.map((each) => each.then(() => new Promise(() => {}), String)))
    expect(refused).toContain('the database has too much to do')
    await expect(database.query(blocked)).rejects.toBeInstanceOf(Refusal)
    open()
    await holder
    const served = (await told).filter(({ status }) => status === 'fulfilled').length
    expect([served >= OTHERS, served < asked.length]).toEqual([true, true])
    expect(await database.query(blocked)).toEqual([])
  })
})
