import pg from 'pg'
import type { Clock } from '../../../runtime/clock.js'
import type { ConnectionFigures } from '../../connection-figures.js'
import { AskedStatements } from './asked-statements.js'
import type { Prepared } from './prepared.js'
import { Turnstile, type Passing } from './turnstile.js'
import { wireTypes } from './wire-types.js'

/** Longest that opening a connection may take. */
const CONNECT_MS_MAX = 5_000
/** Longest that one statement may take, waiting for locks included. */
export const STATEMENT_MS_MAX = 10_000
const LOCK_MS_MAX = 5_000
/**
 * Longest that a transaction may sit between two statements; then its process is taken to hang, and the database ends it, so that others get its
 * locks (NO5). Below what they wait for a lock, and far above what a process that works ever takes between two trips.
 */
const IDLE_IN_TRANSACTION_MS_MAX = 4_000
/** How long a connection is kept open that nobody uses. */
const IDLE_MS_MAX = 60_000
/** Longest that an answer is waited for: the database's own limit comes first, unless the network swallowed it. */
const ANSWER_MS_MAX = STATEMENT_MS_MAX + 2_000
/** After so much silence the other end is asked whether it is still there. */
const SILENCE_MS_MAX = 30_000

/** Statements that take a millisecond may wait by the thousand, so it is time that decides. */
const WAITING_MAX = 10_000
const WAIT_MS_TARGET = 1_000
const WAIT_MS_MAX = 2_000
const STALLED_MS = 3_000

/**
 * A statement is planned once for each connection, not each time, which cost the database a fifth of its time; and every look-up stays one by key
 * although the plan was made while the tables were small.
 */
const PLANS = 'SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off'

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

export type ConnectionOptions = Readonly<{
  url: string
  /** How many at most. */
  max: number
  /** By which the database's own list of connections shows whose they are. */
  name: string
  clock: Clock
  /** Longest that one statement may take; {@link STATEMENT_MS_MAX} where it is not given. */
  statementMsMax?: number
}>

/** Some connections to a database, opened as they are needed, and the line before them (PL1). */
export class Connections {
  private readonly turnstile: Turnstile
  private readonly pool: pg.Pool

  constructor(options: ConnectionOptions) {
    this.pool = poolOf(options)
    const bounds = {
      places: options.max,
      waitingMax: WAITING_MAX,
      waitMsTarget: WAIT_MS_TARGET,
      waitMsMax: WAIT_MS_MAX,
      stalledMs: STALLED_MS,
    }
    this.turnstile = new Turnstile(bounds, options.clock)
  }

  /** The rows of a statement of its own. */
  async query<Row>(statement: Prepared, values: readonly unknown[], passing?: Passing): Promise<readonly Row[]> {
    const asked = { ...statement, values: values as unknown[] }
    const { rows } = await this.turnstile.pass(() => this.pool.query(asked), passing)
    return rows as Row[]
  }

  /** Does something in its turn, that will ask for one connection at a time. */
  pass<T>(work: () => Promise<T>, passing?: Passing): Promise<T> {
    return this.turnstile.pass(work, passing)
  }

  /** One transaction, on a connection for which the caller has had its turn. */
  async attempt<T>(
    work: (transaction: Transaction) => Promise<T>,
    begin = 'BEGIN ISOLATION LEVEL READ COMMITTED',
  ): Promise<T> {
    const client = await this.pool.connect()
    let broken = false
    try {
      const asked = new AskedStatements(client)
      void asked.ask(begin)
      const answer = await work(transactionOn(asked))
      // Goes out with what was asked for last. Where something failed it undoes everything, and whoever asked is told of what failed.
      void asked.ask('COMMIT')
      await asked.answered()
      return answer
    } catch (cause) {
      await client.query('ROLLBACK').catch(() => (broken = true))
      throw cause
    } finally {
      client.release(broken)
    }
  }

  figures(): ConnectionFigures {
    return this.turnstile.figures()
  }

  /** Waits for what is under way and closes every connection. */
  close(): Promise<void> {
    return this.pool.end()
  }
}

/** Limits of every connection, whatever it is for; each is the session's own setting, so that a role or database may have others. */
export const sessionLimits = (statementMsMax: number) => ({
  connectionTimeoutMillis: CONNECT_MS_MAX,
  keepAlive: true,
  keepAliveInitialDelayMillis: SILENCE_MS_MAX,
  statement_timeout: statementMsMax,
  lock_timeout: LOCK_MS_MAX,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS_MAX,
  // Once more the limit of statements: 0, which is none, `pg` does not send, and then the role's or the database's would hold. By the others the server
  // notices that a host is gone, and gives back its connections, after a minute rather than two hours.
  options: `-c statement_timeout=${statementMsMax} -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3`,
})

function poolOf({ url, max, name, statementMsMax = STATEMENT_MS_MAX }: ConnectionOptions): pg.Pool {
  const settings: pg.PoolConfig & { pipeline: boolean } = {
    connectionString: url,
    max,
    types: wireTypes,
    application_name: name,
    idleTimeoutMillis: IDLE_MS_MAX,
    ...sessionLimits(statementMsMax),
    query_timeout: statementMsMax + (ANSWER_MS_MAX - STATEMENT_MS_MAX),
    // Statements that need not wait for each other go out together.
    pipeline: true,
    // Connections alone never keep a process alive.
    allowExitOnIdle: true,
  }
  const pool = new pg.Pool(settings)
  // A connection that ends while nobody asks anything of it is replaced by the next use; whoever asks something is told by its answer.
  pool.on('error', () => {})
  pool.on('connect', (client) => {
    client.on('error', () => {})
    client.query(PLANS).catch(() => {}) // an engine that does not know these plans as it likes
  })
  return pool
}

function transactionOn(asked: AskedStatements): Transaction {
  const ask = (statement: Prepared, values: readonly unknown[] = []) =>
    asked.ask({ ...statement, values: values as unknown[] })
  return {
    query: async <Row>(statement: Prepared, values?: readonly unknown[]) =>
      (await ask(statement, values)).rows as Row[],
    run: async (statement, values) => (await ask(statement, values)).rowCount ?? 0,
    leave: (statement, values) => void ask(statement, values),
  }
}
