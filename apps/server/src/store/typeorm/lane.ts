import type { QueryRunner } from 'typeorm'

type Turn = { readonly run: () => Promise<void> }

/**
 * One after the other, each in a transaction of its own: everything that writes to SQLite (W5). Two pieces of
 * work on the lane never see each other half done, and a failed one is rolled back alone.
 */
export class Lane {
  private readonly waiting: Turn[] = []
  private running = false
  private closed = false
  private idle: (() => void) | null = null

  constructor(private readonly runner: QueryRunner) {}

  /** Runs `work` in a transaction; resolves with its answer once that is committed and durable. */
  transaction<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    return this.turn(() => this.attempt(work))
  }

  /** Runs `work`, which brings its own connection and transaction, while nothing else writes. */
  turn<T>(work: () => Promise<T>): Promise<T> {
    if (this.closed) return Promise.reject(new Error('the database is closed'))
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ run: () => work().then(resolve, reject) })
      if (!this.running) void this.drain()
    })
  }

  /** Work that waits for its turn, the running one not counted. */
  get depth(): number {
    return this.waiting.length
  }

  /** Takes no new work and resolves when what was taken is done. */
  async close(): Promise<void> {
    this.closed = true
    if (!this.running) return
    await new Promise<void>((resolve) => (this.idle = resolve))
  }

  private async drain(): Promise<void> {
    this.running = true
    for (let turn = this.waiting.shift(); turn !== undefined; turn = this.waiting.shift()) await turn.run()
    this.running = false
    this.idle?.()
  }

  private async attempt<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    // Not TypeORM's own transaction, which begins as a reader: its first write fails where another process, as a command beside this server, has written
    // since. And one that could not begin, or that SQLite has ended itself, it takes to be open from then on.
    await this.runner.query('BEGIN IMMEDIATE')
    try {
      const answer = await work(this.runner)
      await this.runner.query('COMMIT')
      return answer
    } catch (cause) {
      // A commit that failed leaves its transaction open; some failures, a full disk among them, have ended it already.
      await this.runner.query('ROLLBACK').catch(() => {})
      throw cause
    }
  }
}
