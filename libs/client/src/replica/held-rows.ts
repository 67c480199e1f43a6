import type { RecordKey } from '@satchel/protocol'
import type { BindParams, Database, SqlValue, Statement } from 'sql.js'
import { isNothing, nothingHeld, placedValue, type Held } from '../merge/held.js'
import { factsOf, heldOf } from './held-facts.js'

/** A key as it is stored; `rowid` null for one that is not. */
export type HeldRow = Readonly<{ rowid: number | null; held: Held }>

/** Rows of one INSERT: half the time of as many INSERTs. */
const INSERTED_TOGETHER = 32

/** Reads and writes what is held of keys, one row a key. */
export class HeldRows {
  private readonly one: Statement
  private readonly pendingAll: Statement
  private readonly flownAll: Statement
  private readonly inserting: Statement
  private readonly insertingMany: Statement
  private readonly updating: Statement
  private readonly deleting: Statement

  constructor(private readonly database: Database) {
    const prepare = (sql: string): Statement => database.prepare(sql)
    this.one = prepare('SELECT rowid, key, shown, facts FROM held WHERE dataset = ? AND key = ?')
    this.pendingAll = prepare(
      'SELECT rowid, key, shown, facts FROM held WHERE dataset = ? AND pending IS NOT NULL ORDER BY pending, key',
    )
    this.flownAll = prepare(
      'SELECT rowid, key, shown, facts FROM held WHERE dataset = ? AND flown IS NOT NULL ORDER BY key',
    )
    const insert = 'INSERT INTO held (dataset, key, shown, pending, flown, facts) VALUES '
    this.inserting = prepare(`${insert}(?, ?, ?, ?, ?, ?)`)
    this.insertingMany = prepare(insert + Array<string>(INSERTED_TOGETHER).fill('(?, ?, ?, ?, ?, ?)').join(', '))
    this.updating = prepare('UPDATE held SET shown = ?, pending = ?, flown = ?, facts = ? WHERE rowid = ?')
    this.deleting = prepare('DELETE FROM held WHERE rowid = ?')
  }

  read(dataset: number, key: RecordKey): HeldRow {
    const row = first(this.one, [dataset, key])
    return row === null ? { rowid: null, held: nothingHeld(key) } : heldRow(row)
  }

  /** The value that is shown as far as the journal goes; null for none. */
  shown(dataset: number, key: RecordKey): string | null {
    return (first(this.one, [dataset, key])?.[2] ?? null) as string | null
  }

  /** Everything held of a dataset, by key. */
  all(dataset: number): Map<RecordKey, HeldRow> {
    const sql = 'SELECT rowid, key, shown, facts FROM held WHERE dataset = ?'
    const rows = this.database.exec(sql, [dataset])[0]?.values ?? []
    return new Map(rows.map((row) => [row[1] as RecordKey, heldRow(row)]))
  }

  /** What is shown of a dataset as far as the journal goes, by code point of the key. */
  entries(dataset: number): [key: string, value: string][] {
    const sql = 'SELECT key, shown FROM held WHERE dataset = ? AND shown IS NOT NULL ORDER BY key'
    return (this.database.exec(sql, [dataset])[0]?.values ?? []) as [string, string][]
  }

  /** What has a pending edit, in order of place and key. */
  pending(dataset: number): HeldRow[] {
    return every(this.pendingAll, dataset)
  }

  /** What is on its way, in order of key. */
  flown(dataset: number): HeldRow[] {
    return every(this.flownAll, dataset)
  }

  write(dataset: number, rowid: number | null, held: Held): void {
    if (rowid === null) {
      if (!isNothing(held)) this.inserting.run([dataset, held.key, ...columnsOf(held)])
    } else if (isNothing(held)) this.deleting.run([rowid])
    else this.updating.run([...columnsOf(held), rowid])
  }

  /** Stores keys of which nothing is stored. */
  insert(dataset: number, all: readonly Held[]): void {
    const whole = all.length - (all.length % INSERTED_TOGETHER)
    for (let from = 0; from < whole; from += INSERTED_TOGETHER) {
      const params: SqlValue[] = []
      for (const held of all.slice(from, from + INSERTED_TOGETHER)) params.push(dataset, held.key, ...columnsOf(held))
      this.insertingMany.run(params)
    }
    for (const held of all.slice(whole)) this.write(dataset, null, held)
  }

  /** A statement that reads the shown value of one key of this dataset; the caller's own. */
  reading(dataset: number): Statement {
    return this.database.prepare(`SELECT shown FROM held WHERE dataset = ${dataset} AND key = ?`)
  }
}

function first(statement: Statement, params: BindParams): SqlValue[] | null {
  statement.bind(params)
  const row = statement.step() ? statement.get() : null
  statement.reset()
  return row
}

function every(statement: Statement, dataset: number): HeldRow[] {
  const found: HeldRow[] = []
  statement.bind([dataset])
  while (statement.step()) found.push(heldRow(statement.get()))
  statement.reset()
  return found
}

const heldRow = ([rowid, key, shown, facts]: SqlValue[]): HeldRow => ({
  rowid: rowid as number,
  held: heldOf(key as RecordKey, shown as string | null, facts as string),
})

const columnsOf = (held: Held): [SqlValue, SqlValue, SqlValue, SqlValue] => [
  placedValue(held),
  held.pending?.place ?? null,
  held.flown === null ? null : 1,
  factsOf(held),
]
