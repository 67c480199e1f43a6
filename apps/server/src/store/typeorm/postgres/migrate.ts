import type { QueryRunner } from 'typeorm'
import type { Clock } from '../../../runtime/clock.js'
import { chance } from '../../../runtime/chance.js'
import type { Random } from '../../../runtime/random.js'
import { bringUpToDate, type Say } from '../bring-up-to-date.js'
import { releaseOf, type Release } from '../release.js'
import type { Ask } from '../schema-standing.js'
import { silentLogger } from '../silent-logger.js'
import { DataSource, QueryFailedError } from '../typeorm.js'
import { addressOf } from './address-of.js'
import { sessionLimits } from './connections.js'
import { faultCodeOf } from './fault-code.js'
import { postgresMigrations } from './migrations/migrations.js'
import { NODE_PREFIX } from './node-name.js'
import { refuseOtherPartitions } from './refuse-other-partitions.js'

export type MigrateOptions = Readonly<{
  url: string
  /** As of `PostgresOptions`. */
  partitions: number | null
  clock: Clock
  random: Random
  /** Told of what is waited for, and of a database that is newer than this server. */
  say?: Say
  /** In place of what this version brings. */
  release?: Release
}>

/** Any number that nothing else locks by. */
export const MIGRATION_LOCK = 5_290_174_118

/** Another node may be at work on large tables, and so may transactions that a change of a table has to wait for. */
const WAIT_MS_MAX = 300_000

/**
 * Longest that a change of a table waits for its lock at a time: as long as it waits, whoever comes after it waits too, though it has done nothing
 * yet. Then it steps aside and comes back later.
 */
const LOCK_MS_MAX = 1_000

/** Longest pause before it comes back; those it held up have long gone on by then. */
const PAUSE_MS_MAX = 2_000

const LOCK_NOT_AVAILABLE = '55P03'

/**
 * Brings the tables up to this version, each migration in a transaction of its own; whoever comes meanwhile waits, and then finds nothing to do. Killed at any
 * moment, the next call goes on where this one was. Running servers are not held up: see {@link LOCK_MS_MAX}. Rejects with a sentence for a database
 * of a newer version that this one may not use, or with another number of partitions.
 */
export async function migrate(options: MigrateOptions): Promise<void> {
  const { url, partitions, say = () => {}, release = releaseOf(postgresMigrations(partitions ?? 0)) } = options
  const source = new DataSource({
    type: 'postgres',
    url,
    applicationName: 'satchel migrations',
    migrations: [...release.migrations],
    migrationsTableName: 'migration',
    installExtensions: false,
    logger: silentLogger,
    poolSize: 2,
    // Building an index of a large table may take as long as it takes.
    extra: { ...sessionLimits(0), lock_timeout: LOCK_MS_MAX },
    poolErrorHandler: () => {}, // whoever asks is told by its answer
  })
  await source.initialize()
  const name = `the database ${addressOf(url)}`
  try {
    // Held by a connection of its own, and gone with it when this ends, however it ends.
    const lock = source.createQueryRunner()
    await takeTurn(lock, say)
    const run = () => patiently(() => source.runMigrations({ transaction: 'each' }), { ...options, say })
    await bringUpToDate(source, {
      name,
      release,
      say,
      run,
      atWork: async () =>
        ((await lock.query(AT_WORK, [NODE_PREFIX])) as { version: string }[]).map(({ version }) => version),
    })
    await refuseOtherPartitions((sql) => lock.query(sql) as ReturnType<Ask>, partitions)
  } catch (cause) {
    // What is no sentence of ours names no database.
    if (!(cause instanceof QueryFailedError)) throw cause
    throw new Error(`the tables of ${name} cannot be brought up to date: ${cause.message}`, { cause })
  } finally {
    await source.destroy()
  }
}

/** Versions of the servers that have connections, by the ends of their names. */
const AT_WORK = `SELECT DISTINCT substring(application_name FROM '[0-9]+[.][0-9]+[.][0-9]+$') AS version FROM pg_stat_activity
  WHERE datname = current_database() AND starts_with(application_name, $1) AND application_name ~ ' [0-9]+[.][0-9]+[.][0-9]+$'`

async function takeTurn(lock: QueryRunner, say: Say): Promise<void> {
  const [tried] = (await lock.query('SELECT pg_try_advisory_lock($1) AS taken', [MIGRATION_LOCK])) as [
    { taken: boolean },
  ]
  if (tried.taken) return
  say(`another server is bringing the tables of the database up to date; this one waits for it, up to ${MINUTES}`)
  await lock.query(`SET lock_timeout = ${WAIT_MS_MAX}`)
  await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]).catch((cause: unknown) => {
    throw codeOf(cause) === LOCK_NOT_AVAILABLE
      ? new Error(`another server has been bringing the tables up to date for ${MINUTES}; start this one again later`)
      : cause
  })
  await lock.query(`SET lock_timeout = ${LOCK_MS_MAX}`)
}

const MINUTES = `${WAIT_MS_MAX / 60_000} minutes`

/** Does `work` again where a lock was not to be had in time. What is done of it stays done. */
async function patiently(
  work: () => Promise<unknown>,
  { clock, random, say }: Pick<MigrateOptions, 'clock' | 'random'> & { say: Say },
): Promise<void> {
  const begunAt = clock.elapsed()
  for (let attempt = 1; ; attempt++) {
    try {
      await work()
      return
    } catch (cause) {
      if (codeOf(cause) !== LOCK_NOT_AVAILABLE) throw cause
      if (clock.elapsed() - begunAt > WAIT_MS_MAX) {
        throw new Error(
          `a change of the tables found no moment without long transactions on them for ${MINUTES}; end those, and start again`,
          { cause },
        )
      }
      if (attempt === 1) {
        say('a change of the tables waits for transactions that are under way; it is tried again and again')
      }
      await new Promise<void>((resolve) => clock.after(PAUSE_MS_MAX * (0.5 + chance(random) / 2), resolve))
    }
  }
}

/** TypeORM puts what the driver threw into what it throws, and its code beside it. */
const codeOf = (cause: unknown): string =>
  faultCodeOf(cause) || faultCodeOf((cause as { driverError?: unknown }).driverError)
