import type { QueryRunner } from 'typeorm'
import { refuseNewerDatabase } from '../refuse-newer-database.js'
import { silentLogger } from '../silent-logger.js'
import { DataSource } from '../typeorm.js'
import { sessionLimits } from './connections.js'
import { postgresMigrations } from './migrations/migrations.js'

/** Any number that nothing else locks by. */
const LOCK = 5_290_174_118

/** Another node may be at work on large tables. */
const WAIT_MS_MAX = 300_000

/**
 * Brings the tables up to this version, in one transaction; whoever comes meanwhile waits, and then finds nothing to do. `partitions` as of
 * `PostgresOptions`. Rejects with a sentence for a database of a newer version, or with another number of partitions.
 */
export async function migrate(url: string, partitions: number | null): Promise<void> {
  const source = new DataSource({
    type: 'postgres',
    url,
    applicationName: 'satchel migrations',
    migrations: postgresMigrations(partitions ?? 0),
    migrationsTableName: 'migration',
    installExtensions: false,
    logger: silentLogger,
    poolSize: 2,
    // Building an index of a large table may take as long as it takes; waiting for its lock keeps everybody else waiting.
    extra: sessionLimits(0),
    poolErrorHandler: () => {}, // whoever asks is told by its answer
  })
  await source.initialize()
  try {
    // Held by a connection of its own, and gone with it when this ends, however it ends.
    const lock = source.createQueryRunner()
    await lock.query(`SET lock_timeout = ${WAIT_MS_MAX}`)
    await lock.query('SELECT pg_advisory_lock($1)', [LOCK])
    await refuseNewerDatabase(source)
    await source.runMigrations({ transaction: 'all' })
    await refuseOtherPartitions(lock, partitions)
  } finally {
    await source.destroy()
  }
}

async function refuseOtherPartitions(runner: QueryRunner, wanted: number | null): Promise<void> {
  if (wanted === null) return
  const [found] = (await runner.query(PARTITIONS)) as { count: number }[]
  if (found!.count === wanted) return
  throw new Error(
    `SATCHEL_DATABASE_PARTITIONS is ${wanted}, and the tables of this database were made with ${found!.count}; ` +
      'it can only be chosen for a new database',
  )
}

const PARTITIONS = `SELECT count(*)::int AS count FROM pg_inherits WHERE inhparent = 'record'::regclass`
