import type pg from 'pg'
import { gatherSends } from './gather-sends.js'

/** What a transaction asks of its connection, in this order. */
export class AskedStatements {
  private all: Promise<unknown> = Promise.resolve()

  constructor(private readonly client: pg.PoolClient) {}

  ask(statement: string | pg.QueryConfig): Promise<pg.QueryResult> {
    gatherSends(this.client)
    const answer = this.client.query(statement)
    answer.catch(() => {}) // told by the end of the transaction, if nobody waits for it before
    // Only what came last is held: whoever reads a whole table asks until it is read.
    this.all = this.all.then(() => answer)
    this.all.catch(() => {})
    return answer
  }

  /** Resolves once all of them were answered; rejects with what failed first. */
  async answered(): Promise<void> {
    await this.all
  }
}
