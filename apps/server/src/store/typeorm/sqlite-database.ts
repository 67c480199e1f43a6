import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import type { Logger, QueryRunner } from 'typeorm'
import { entities } from './entities/entities.js'
import { Lane } from './lane.js'
import { CommitThreadClient } from './commit-thread-client.js'
import { WITHOUT_LINKS, type StreamStorage } from '../stream-storage.js'
import { migrations } from './migrations/migrations.js'
import { tuneReader, tuneRelayReader, tuneWriter } from './sqlite-pragmas.js'
import { Statements } from './statements.js'
import type { WorkAnswer, WorkName, WorkRequest } from './thread-work.js'
import { DataSource } from './typeorm.js'

/** TypeORM prints statements with their parameters, which are users' values; nothing of it may reach a log. */
const silent: Logger = {
  logQuery: () => {},
  logQueryError: () => {},
  logQuerySlow: () => {},
  logSchemaBuild: () => {},
  logMigration: () => {},
  log: () => {},
}

const STATEMENTS_CACHED = 400

/**
 * The embedded database: one file in the data directory, one lane through which everything that writes must
 * go, a thread in which groups of writes are committed, and a read-only connection. TypeORM's connection to SQLite is shared by all who use it: overlapping
 * transactions on it undo each other's acknowledged writes, and reads on it see what is not committed.
 */
export class SqliteDatabase {
  /** The only way to write. */
  readonly lane: Lane
  /** Sees committed data only; for what is read so often that TypeORM's way around a statement would show. */
  readonly relayReads: Statements

  private constructor(
    private readonly writer: DataSource,
    private readonly reader: DataSource,
    private readonly lock: Database.Database,
    private readonly commits: CommitThreadClient,
    private readonly relayReader: Database.Database,
    /** Sees committed data only; never write through it. */
    readonly reads: QueryRunner,
  ) {
    this.lane = new Lane(writer.createQueryRunner())
    this.relayReads = new Statements(relayReader)
  }

  /**
   * Opens the file, brings its tables up to this version, and takes the directory for this process. Rejects
   * with a sentence when another process has it, or when a newer version has written it.
   */
  static async open(file: string, streams: StreamStorage = WITHOUT_LINKS): Promise<SqliteDatabase> {
    mkdirSync(dirname(file), { recursive: true })
    const lock = takeDirectory(dirname(file))
    try {
      const writer = await openWriter(file)
      const reader = await openReader(file)
      const commits = new CommitThreadClient(file, streams)
      const relayReader = new Database(file, { readonly: true })
      tuneRelayReader(relayReader)
      return new SqliteDatabase(writer, reader, lock, commits, relayReader, reader.createQueryRunner())
    } catch (cause) {
      lock.close()
      throw cause
    }
  }

  /** Has a piece of work done in the commit thread, when its turn comes on the lane; a function is asked only then what the work is. */
  inThread<Name extends WorkName>(
    name: Name,
    request: WorkRequest<Name> | (() => WorkRequest<Name>),
  ): Promise<WorkAnswer<Name>> {
    return this.lane.turn(() => this.commits.run(name, typeof request === 'function' ? request() : request))
  }

  /** Bytes of the database and its log on disk. */
  async bytesOnDisk(): Promise<number> {
    const [pages] = (await this.reads.query(
      'SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size',
    )) as {
      bytes: number
    }[]
    return pages?.bytes ?? 0
  }

  /** Waits for the lane and closes the file; the log is folded into it. */
  async close(): Promise<void> {
    await this.lane.close()
    await this.commits.close()
    await this.reader.destroy()
    this.relayReader.close()
    await this.writer.destroy()
    this.lock.close()
  }
}

async function openWriter(file: string): Promise<DataSource> {
  const source = new DataSource({
    type: 'better-sqlite3',
    database: file,
    statementCacheSize: STATEMENTS_CACHED,
    entities,
    migrations,
    migrationsTableName: 'migration',
    logger: silent,
    prepareDatabase: tuneWriter,
  })
  await source.initialize()
  try {
    await refuseNewerDatabase(source)
    await source.runMigrations({ transaction: 'all' })
  } catch (cause) {
    await source.destroy()
    throw cause
  }
  return source
}

/** Opens the file for reading alone, beside whoever writes to it. */
export async function openReader(file: string): Promise<DataSource> {
  const source = new DataSource({
    type: 'better-sqlite3',
    database: file,
    readonly: true,
    statementCacheSize: STATEMENTS_CACHED,
    entities,
    logger: silent,
    prepareDatabase: tuneReader,
  })
  return source.initialize()
}

/** Refuses a database that has seen a migration this code does not know. */
async function refuseNewerDatabase(source: DataSource): Promise<void> {
  const runner = source.createQueryRunner()
  if (!(await runner.hasTable('migration'))) return
  const known = new Set(source.migrations.map((migration) => migration.name ?? migration.constructor.name))
  const ran = (await runner.query('SELECT name FROM migration ORDER BY id')) as { name: string }[]
  const unknown = ran.filter(({ name }) => !known.has(name)).map(({ name }) => name)
  if (unknown.length === 0) return
  throw new Error(
    `the database was written by a newer version of Satchel: it knows the migration ${unknown.join(', ')}, ` +
      'which this version does not; start the newer version, or restore a backup made by this one',
  )
}

/**
 * Holds an exclusive lock on a file beside the database for as long as the process lives; the operating system
 * takes it back even after SIGKILL.
 */
function takeDirectory(directory: string): Database.Database {
  const lock = new Database(join(directory, 'satchel.lock'), { timeout: 0 })
  try {
    lock.pragma('journal_mode = MEMORY')
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock.close()
    throw new Error(`the data directory ${directory} is in use by another Satchel process`, { cause })
  }
}
