import type { Clock } from '../../../runtime/clock.js'
import type { Random } from '../../../runtime/random.js'
import type { ConnectionFigures, ConnectionKind } from '../../connection-figures.js'
import { checkServer } from './check-server.js'
import { Connections, type Transaction } from './connections.js'
import { migrate, type MigrateOptions } from './migrate.js'
import { NO_NODE } from './node-name.js'
import type { Prepared } from './prepared.js'
import { withRetries } from './retry.js'
import type { Passing } from './turnstile.js'
import { unavailable } from './unavailable.js'
import { unusable } from './unusable.js'

export type PostgresOptions = Readonly<{
  /** postgres:// or postgresql://; carries a password, so it is never shown. */
  url: string
  /** Connections at most, {@link LANES} of which are for commits alone. */
  connections: number
  /** Into how many parts the large tables are made; null leaves them as they are, and makes new ones whole. */
  partitions: number | null
  /** What the database's own list of connections calls this process (see `node-name.ts`); a tool where it is not given. */
  node?: string
  /** Of a streaming replica, which may answer listings; absent or null for none. */
  replicaUrl?: string | null
  clock: Clock
  random: Random
}> &
  Pick<MigrateOptions, 'say' | 'release'>

/**
 * Commits that may be under way at once, each on a connection of its own. Two, since a node is one thread: while one group is stored the next can be judged. More
 * would make groups smaller, and what a group costs by itself, statements, locks, the flush of the log, is most of what a small one costs.
 */
export const LANES = 2
/** Fewer leave none for reading. */
export const CONNECTIONS_MIN = LANES + 2

/** What may be asked of a database, outside of a transaction. */
export interface Statements {
  /** The rows of a statement of its own, taken to be of the shape that the caller names. */
  query<Row>(statement: Prepared, values?: readonly unknown[]): Promise<readonly Row[]>
  /**
   * Does `work` in a transaction and resolves once that is durable. Where others were in its way, serialization failures, deadlocks and locks that were
   * waited for too long, it does all of `work` again, a few times. Rejects when nothing was stored, or, where the connection was lost at its end, when it
   * is unknown whether anything was.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  /** Reads all of `work` as of one moment. */
  snapshot<T>(work: (snapshot: Pick<Transaction, 'query'>) => Promise<T>): Promise<T>
}

/**
 * A PostgreSQL database: a few connections for commits, one per lane, and others for everything else, so that readers, however many,
 * never keep a commit waiting. Any number of processes may use one database. While it is away all of this rejects with ServiceUnavailable, and while it
 * has too much to do with TooManyRequests (PL1); connections come back by themselves.
 */
export class PostgresDatabase implements Statements {
  /** For work that nobody asked for and that is bounded by itself: it goes before what callers ask, and is never turned away. */
  readonly background: Statements

  private constructor(
    private readonly options: PostgresOptions,
    private readonly lanes: Connections,
    private readonly others: Connections,
    /** Sentences for whoever starts a server on it. */
    readonly warnings: readonly string[],
  ) {
    this.background = {
      query: (statement, values = []) => this.queryIn('first', statement, values),
      transaction: (work) => this.transactionIn('first', work),
      snapshot: (work) => this.snapshotIn('first', work),
    }
  }

  /**
   * Connects, sees that the server is fit, and brings the tables up to this version; several processes may do so at once. Rejects with a sentence when
   * it cannot be reached, is not fit, or was written by a newer version that does not let this one in.
   */
  static async open(options: PostgresOptions): Promise<PostgresDatabase> {
    const database = await PostgresDatabase.connect(options)
    try {
      await migrate(options)
      return database
    } catch (cause) {
      await database.close()
      throw cause
    }
  }

  /** As {@link open}, but leaves the tables as they are, of whatever version. */
  static async connect(options: PostgresOptions): Promise<PostgresDatabase> {
    const { url, connections, clock, node: name = NO_NODE } = options
    const others = new Connections({ url, max: connections - LANES, name, clock })
    try {
      const warnings = await checkServer(others, { connections, node: name })
      return new PostgresDatabase(options, new Connections({ url, max: LANES, name, clock }), others, warnings)
    } catch (cause) {
      await others.close()
      throw unusable(url, cause)
    }
  }

  query<Row>(statement: Prepared, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return this.queryIn('in-turn', statement, values)
  }

  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.transactionIn('in-turn', work)
  }

  snapshot<T>(work: (snapshot: Pick<Transaction, 'query'>) => Promise<T>): Promise<T> {
    return this.snapshotIn('in-turn', work)
  }

  /** As {@link transaction}, on a connection that is kept for commits. */
  commit<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return refusing(this.lanes.pass(() => withRetries(this.options, () => this.lanes.attempt(work))))
  }

  /** How its connections are used. */
  figures(): ReadonlyMap<ConnectionKind, ConnectionFigures> {
    return new Map([
      ['commits', this.lanes.figures()],
      ['others', this.others.figures()],
    ])
  }

  /** Waits for what is under way and closes every connection. */
  async close(): Promise<void> {
    await Promise.all([this.lanes.close(), this.others.close()])
  }

  private queryIn<Row>(passing: Passing, statement: Prepared, values: readonly unknown[]): Promise<readonly Row[]> {
    return refusing(this.others.query<Row>(statement, values, passing))
  }

  private transactionIn<T>(passing: Passing, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return refusing(this.others.pass(() => withRetries(this.options, () => this.others.attempt(work)), passing))
  }

  private snapshotIn<T>(passing: Passing, work: (snapshot: Pick<Transaction, 'query'>) => Promise<T>): Promise<T> {
    return refusing(
      this.others.pass(() => this.others.attempt(work, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'), passing),
    )
  }
}

/** Whoever asked is told to come again where the database is away. */
const refusing = <T>(work: Promise<T>): Promise<T> =>
  work.catch((cause: unknown) => {
    throw unavailable(cause)
  })
