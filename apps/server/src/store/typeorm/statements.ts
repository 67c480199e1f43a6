import type Database from 'better-sqlite3'

/** A connection whose statements are prepared once. The texts it is given must be few. */
export class Statements {
  private readonly prepared = new Map<string, Database.Statement<unknown[]>>()

  constructor(private readonly connection: Database.Database) {}

  get inTransaction(): boolean {
    return this.connection.inTransaction
  }

  /** The rows of a query, taken to be of the shape that the caller names. */
  all<Row>(sql: string, values: readonly unknown[]): Row[] {
    return this.prepare(sql).all(...values) as Row[]
  }

  /** The one row of a query, if there is any. */
  get<Row>(sql: string, values: readonly unknown[]): Row | undefined {
    return this.prepare(sql).get(...values) as Row | undefined
  }

  run(sql: string, values: readonly unknown[] = []): void {
    this.prepare(sql).run(...values)
  }

  private prepare(sql: string): Database.Statement<unknown[]> {
    const known = this.prepared.get(sql)
    if (known !== undefined) return known
    const statement = this.connection.prepare<unknown[]>(sql)
    this.prepared.set(sql, statement)
    return statement
  }
}
