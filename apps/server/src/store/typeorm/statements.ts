import type Database from 'better-sqlite3'

/** A connection whose statements are prepared once. The texts it is given must be few. */
export class Statements {
  private readonly prepared = new Map<string, Database.Statement<unknown[]>>()

  constructor(private readonly connection: Database.Database) {}

  /** Does `work` in one transaction: durable when this returns; when it throws, nothing was stored. */
  transaction<T>(work: () => T): T {
    this.run('BEGIN IMMEDIATE')
    try {
      const answer = work()
      this.run('COMMIT')
      return answer
    } catch (cause) {
      this.rollBack()
      throw cause
    }
  }

  /** Does `work`, which only reads, on the database as it is when it begins. */
  snapshot<T>(work: () => T): T {
    this.run('BEGIN')
    try {
      return work()
    } finally {
      this.run('COMMIT')
    }
  }

  /** The rows of a query, taken to be of the shape that the caller names. */
  all<Row>(sql: string, values: readonly unknown[]): Row[] {
    return this.prepare(sql).all(...values) as Row[]
  }

  /** The one row of a query, if there is any. */
  get<Row>(sql: string, values: readonly unknown[]): Row | undefined {
    return this.prepare(sql).get(...values) as Row | undefined
  }

  /** Answers how many rows were changed. */
  run(sql: string, values: readonly unknown[] = []): number {
    return this.prepare(sql).run(...values).changes
  }

  /** Some failures, a full disk among them, have ended the transaction already. */
  private rollBack(): void {
    if (this.connection.inTransaction) this.run('ROLLBACK')
  }

  private prepare(sql: string): Database.Statement<unknown[]> {
    const known = this.prepared.get(sql)
    if (known !== undefined) return known
    const statement = this.connection.prepare<unknown[]>(sql)
    this.prepared.set(sql, statement)
    return statement
  }
}
