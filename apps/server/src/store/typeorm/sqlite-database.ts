import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import type { QueryRunner } from 'typeorm'
import { entities } from './entities/entities.js'
import { takeDirectory } from './directory-lock.js'
import { Lane } from './lane.js'
import { bringUpToDate, type Say } from './bring-up-to-date.js'
import { CommitThreadClient } from './commit-thread-client.js'
import { WITHOUT_LINKS, type StreamStorage } from '../stream-storage.js'
import { migrations } from './migrations/migrations.js'
import { releaseOf, type Release } from './release.js'
import { silentLogger } from './silent-logger.js'
import { tuneReader, tuneRelayReader, tuneWriter } from './sqlite-pragmas.js'
import { Statements } from './statements.js'
import type { WorkAnswer, WorkName, WorkRequest } from './thread-work.js'
import { DataSource } from './typeorm.js'

const STATEMENTS_CACHED = 400

export type SqliteOptions = Readonly<{
  /** Told of a database that is newer than this server. */
  say?: Say
  /** In place of what this version brings. */
  release?: Release
}>

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
   * with a sentence when another process has it, or when a newer version has written it that does not let this one in.
   */
  static async open(
    file: string,
    streams: StreamStorage = WITHOUT_LINKS,
    options: SqliteOptions = {},
  ): Promise<SqliteDatabase> {
    mkdirSync(dirname(file), { recursive: true })
    const lock = takeDirectory(dirname(file))
    try {
      const writer = await openWriter(file, options)
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

/** Whoever held one is dead, since the directory is this process's alone. It need not be waited for, least of all by a clock that was put back meanwhile. */
const END_LEASES = 'UPDATE stream_lease SET until = 0'

async function openWriter(
  file: string,
  { say = () => {}, release = releaseOf(migrations) }: SqliteOptions,
): Promise<DataSource> {
  const source = new DataSource({
    type: 'better-sqlite3',
    database: file,
    statementCacheSize: STATEMENTS_CACHED,
    entities,
    migrations: [...release.migrations],
    migrationsTableName: 'migration',
    logger: silentLogger,
    prepareDatabase: tuneWriter,
  })
  await source.initialize()
  try {
    const run = () => source.runMigrations({ transaction: 'all' })
    await bringUpToDate(source, { name: 'the database', release, say, run })
    await source.query(END_LEASES)
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
    logger: silentLogger,
    prepareDatabase: tuneReader,
  })
  return source.initialize()
}
