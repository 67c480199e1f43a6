import type { RecordKey } from '@satchel/protocol'
import type { Database, SqlValue, Statement } from 'sql.js'
import { isNothing, placedValue, type Held } from '../merge/held.js'
import { factsOf, heldOf } from './held-facts.js'
import type { Usage } from './replica.js'
import { rowsOf } from './store-state.js'

/** Rows of one statement: half the time of as many statements. */
const WRITTEN_TOGETHER = 32

/** Reads and writes the rows of `held`. */
export class HeldRows {
  readonly #statements = new Map<number, Statement>()

  constructor(readonly database: Database) {}

  /** Everything held of a dataset. */
  all(dataset: number): Held[] {
    return this.#read('SELECT key, shown, facts FROM held WHERE dataset = ?', dataset).map(([key, shown, facts]) =>
      heldOf(key as RecordKey, shown as string | null, facts as string),
    )
  }

  /** What shows of a dataset, by code point of the key. */
  entries(dataset: number): [key: string, value: string][] {
    const sql = 'SELECT key, shown FROM held WHERE dataset = ? AND shown IS NOT NULL ORDER BY key'
    return this.#read(sql, dataset) as [string, string][]
  }

  /** A statement that reads the shown value of one key of this dataset; the caller's own. */
  reading(dataset: number): Statement {
    return this.database.prepare(`SELECT shown FROM held WHERE dataset = ${dataset} AND key = ?`)
  }

  /** What shows of every dataset that shows something, counted. */
  usages(): [dataset: number, usage: Usage][] {
    const sql = `SELECT dataset, count(*), sum(octet_length(key) + octet_length(shown))
      FROM held WHERE shown IS NOT NULL GROUP BY dataset`
    const found = rowsOf(this.database, sql) as [number, number, number][]
    return found.map(([dataset, records, bytes]) => [dataset, { records, bytes }])
  }

  /** Writes what is held of keys; all of it or nothing. */
  write(all: Iterable<readonly [dataset: number, held: Held]>): void {
    const values: SqlValue[] = []
    this.database.run('BEGIN')
    try {
      for (const [dataset, held] of all) {
        if (isNothing(held)) this.database.run('DELETE FROM held WHERE dataset = ? AND key = ?', [dataset, held.key])
        else values.push(dataset, held.key, placedValue(held), factsOf(held))
      }
      for (let from = 0; from < values.length;) {
        const count = values.length - from < 4 * WRITTEN_TOGETHER ? 1 : WRITTEN_TOGETHER
        this.#writing(count).run(values.slice(from, (from += 4 * count)))
      }
      this.database.run('COMMIT')
    } catch (fault) {
      this.database.run('ROLLBACK')
      throw fault
    }
  }

  #read(sql: string, dataset: number): SqlValue[][] {
    return this.database.exec(sql, [dataset])[0]?.values ?? []
  }

  #writing(count: number): Statement {
    const known = this.#statements.get(count)
    if (known !== undefined) return known
    const rows = Array<string>(count).fill('(?, ?, ?, ?)').join()
    const statement = this.database.prepare(
      `INSERT INTO held (dataset, key, shown, facts) VALUES ${rows}
      ON CONFLICT (dataset, key) DO UPDATE SET shown = excluded.shown, facts = excluded.facts`,
    )
    this.#statements.set(count, statement)
    return statement
  }
}
