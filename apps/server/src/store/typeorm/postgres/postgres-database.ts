import pg from 'pg'
import type { Clock } from '../../../runtime/clock.js'
import type { Random } from '../../../runtime/random.js'
import { addressOf } from './address-of.js'
import { checkServer } from './check-server.js'
import { faultCodeOf } from './fault-code.js'
import { gatherSends } from './gather-sends.js'
import { migrate } from './migrate.js'
import type { Prepared } from './prepared.js'
import { withRetries } from './retry.js'
import { unavailable } from './unavailable.js'
import { wireTypes } from './wire-types.js'

export type PostgresOptions = Readonly<{
  /** postgres:// or postgresql://; carries a password, so it is never shown. */
  url: string
  /** Connections at most, {@link LANES} of which are for commits alone. */
  connections: number
  /** Into how many parts the large tables are made; null leaves them as they are, and makes new ones whole. */
  partitions: number | null
  clock: Clock
  random: Random
}>

/** Commits that may be under way at once, each on a connection of its own. */
export const LANES = 4
/** Fewer leave none for reading. */
export const CONNECTIONS_MIN = LANES + 2

/** Longest that a connection is waited for, opened or handed back by others. */
const CONNECT_MS_MAX = 5_000
/** Longest that one statement may take, waiting for locks included. */
const STATEMENT_MS_MAX = 30_000
const LOCK_MS_MAX = 5_000
/** Longest that a transaction may sit between two statements; its process hangs, and others wait for its locks. */
const IDLE_IN_TRANSACTION_MS_MAX = 30_000
/** How long a connection is kept open that nobody uses. */
const IDLE_MS_MAX = 60_000
/** Longest that an answer is waited for: the database's own limit comes first, unless the network swallowed it. */
const ANSWER_MS_MAX = STATEMENT_MS_MAX + 5_000

/**
 * One transaction; what it reads and writes goes over one connection, in the order in which it was asked for. It ends once everything was answered, and
 * only if all of it went well: work need not wait for its last statements, and the end goes out with them.
 */
export interface Transaction {
  /** The rows of a statement, taken to be of the shape that the caller names. Statements need not wait for each other's answers. */
  query<Row>(statement: Prepared, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Answers how many rows were changed. */
  run(statement: Prepared, values?: readonly unknown[]): Promise<number>
  /** Asks for a change of which nothing has to be known but that it was made, which the transaction's end tells. */
  leave(statement: Prepared, values?: readonly unknown[]): void
}

/**
 * A PostgreSQL database: a few connections for commits, one per lane, and others for everything else, so that readers, however many,
 * never keep a commit waiting. Any number of processes may use one database. While it is away, or has too much to do, all of this rejects with ServiceUnavailable; connections
 * come back by themselves.
 */
export class PostgresDatabase {
  private constructor(
    private readonly options: PostgresOptions,
    private readonly lanes: pg.Pool,
    private readonly others: pg.Pool,
  ) {}

  /**
   * Connects, sees that the server is fit, and brings the tables up to this version; several processes may do so at once. Rejects with a sentence when
   * it cannot be reached, is not fit, or was written by a newer version.
   */
  static async open(options: PostgresOptions): Promise<PostgresDatabase> {
    const database = await PostgresDatabase.connect(options)
    try {
      await migrate(options.url, options.partitions)
      return database
    } catch (cause) {
      await database.close()
      throw cause
    }
  }

  /** As {@link open}, but leaves the tables as they are, of whatever version. */
  static async connect(options: PostgresOptions): Promise<PostgresDatabase> {
    const { url, connections } = options
    const others = poolOf(url, connections - LANES)
    try {
      await checkServer(others, options)
      return new PostgresDatabase(options, poolOf(url, LANES), others)
    } catch (cause) {
      await others.end()
      // What several addresses of a name said is put together without words.
      const why = (cause as Error).message || faultCodeOf(cause)
      throw new Error(`the database at ${addressOf(url)} cannot be used: ${why}`, { cause })
    }
  }

  /** The rows of a statement of its own, taken to be of the shape that the caller names. */
  async query<Row>(statement: Prepared, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const { rows } = await refusing(this.others.query({ ...statement, values: values as unknown[] }))
    return rows as Row[]
  }

  /**
   * Does `work` in a transaction and resolves once that is durable. Where others were in its way, serialization failures, deadlocks and locks that were
   * waited for too long, it does all of `work` again, a few times. Rejects when nothing was stored, or, where the connection was lost at its end, when it
   * is unknown whether anything was.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return refusing(withRetries(this.options, () => attempt(this.others, work)))
  }

  /** Reads all of `work` as of one moment. */
  snapshot<T>(work: (snapshot: Pick<Transaction, 'query'>) => Promise<T>): Promise<T> {
    return refusing(attempt(this.others, work, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'))
  }

  /** As {@link transaction}, on a connection that is kept for commits. */
  commit<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return refusing(withRetries(this.options, () => attempt(this.lanes, work)))
  }

  /** Waits for what is under way and closes every connection. */
  async close(): Promise<void> {
    await Promise.all([this.lanes.end(), this.others.end()])
  }
}

/** Whoever asked is told to come again where the database is away. */
const refusing = <T>(work: Promise<T>): Promise<T> =>
  work.catch((cause: unknown) => {
    throw unavailable(cause)
  })

function poolOf(url: string, max: number): pg.Pool {
  const settings: pg.PoolConfig & { pipeline: boolean } = {
    connectionString: url,
    max,
    types: wireTypes,
    application_name: 'satchel',
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    idleTimeoutMillis: IDLE_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    lock_timeout: LOCK_MS_MAX,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS_MAX,
    query_timeout: ANSWER_MS_MAX,
    // Statements that need not wait for each other go out together.
    pipeline: true,
    // Connections alone never keep a process alive.
    allowExitOnIdle: true,
  }
  const pool = new pg.Pool(settings)
  // A connection that ends while nobody asks anything of it is replaced by the next use; whoever asks something is told by its answer.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

async function attempt<T>(
  pool: pg.Pool,
  work: (transaction: Transaction) => Promise<T>,
  begin = 'BEGIN ISOLATION LEVEL READ COMMITTED',
): Promise<T> {
  const client = await pool.connect()
  let broken = false
  try {
    const statements = new Statements(client)
    void statements.ask(begin)
    const answer = await work(transactionOn(statements))
    // Goes out with what was asked for last. Where something failed it undoes everything, and whoever asked is told of what failed.
    void statements.ask('COMMIT')
    await statements.answered()
    return answer
  } catch (cause) {
    await client.query('ROLLBACK').catch(() => (broken = true))
    throw cause
  } finally {
    client.release(broken)
  }
}

/** What a transaction asks of its connection. */
class Statements {
  private readonly asked: Promise<pg.QueryResult>[] = []

  constructor(private readonly client: pg.PoolClient) {}

  ask(statement: string | pg.QueryConfig): Promise<pg.QueryResult> {
    gatherSends(this.client)
    const answer = this.client.query(statement)
    answer.catch(() => {}) // told by the end of the transaction, if nobody waits for it before
    this.asked.push(answer)
    return answer
  }

  /** Resolves once all of them were answered; rejects with the first that failed. */
  async answered(): Promise<void> {
    await Promise.all(this.asked)
  }
}

function transactionOn(statements: Statements): Transaction {
  const ask = (statement: Prepared, values: readonly unknown[] = []) =>
    statements.ask({ ...statement, values: values as unknown[] })
  return {
    query: async <Row>(statement: Prepared, values?: readonly unknown[]) =>
      (await ask(statement, values)).rows as Row[],
    run: async (statement, values) => (await ask(statement, values)).rowCount ?? 0,
    leave: (statement, values) => void ask(statement, values),
  }
}
