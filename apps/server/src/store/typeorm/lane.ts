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
    await this.runner.startTransaction()
    try {
      // TypeORM's own begins as a reader, whose first write fails where another process, as a command beside this server, has written since.
      await this.runner.query('COMMIT')
      await this.runner.query('BEGIN IMMEDIATE')
      const answer = await work(this.runner)
      await this.runner.commitTransaction()
      return answer
    } catch (cause) {
      // A commit that failed leaves its transaction open, so this is right for it too.
      if (this.runner.isTransactionActive) await this.runner.rollbackTransaction()
      throw cause
    }
  }
}
