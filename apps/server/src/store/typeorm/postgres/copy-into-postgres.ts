import Database from 'better-sqlite3'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { takeDirectory } from '../directory-lock.js'
import { migrations } from '../migrations/migrations.js'
import { refuseOtherVersion } from '../refuse-other-version.js'
import { releaseOf } from '../release.js'
import type { SchemaFound } from '../schema-standing.js'
import { UNFINISHED_COPY } from '../unfinished-copy.js'
import { addressOf } from './address-of.js'
import { COPIED_TABLES, insertOf, readOf, type CopiedTable } from './copied-table.js'
import type { Transaction } from './connections.js'
import { PostgresDatabase, type PostgresOptions } from './postgres-database.js'
import { prepared } from './prepared.js'
import { RowSum } from './row-sum.js'

/** How far a copy has come: rows of all tables together. */
export type RowProgress = (at: Readonly<{ done: number; of: number }>) => void

/** What was found alike in both databases, by table. */
export type Copied = ReadonlyMap<string, RowSum>

/** A batch is stored once it has so many rows, or values of so many characters. */
const ROWS_MAX = 1_000
const CHARACTERS_MAX = 4_000_000
const ROWS_FETCHED = 100

/**
 * Copies everything of a stopped site on SQLite into an empty PostgreSQL database, in bounded batches, reads it again, and compares rows and checksums table by
 * table (X30). Until that was done no server starts on the database; one that was left half copied is emptied and filled anew (X31). Rejects with a
 * sentence where the site runs, where there is something else in the database, or where the two differ.
 */
export async function copyIntoPostgres(
  file: string,
  options: PostgresOptions,
  progress: RowProgress = () => {},
): Promise<Copied> {
  if (!existsSync(file)) throw new Error(`there is no database ${file}`)
  const lock = takeDirectory(dirname(file))
  try {
    const source = openSource(file)
    try {
      const target = await openTarget(options)
      try {
        return await copyAll(source, { target, name: addressOf(options.url), progress })
      } finally {
        await target.close()
      }
    } finally {
      source.close()
    }
  } finally {
    lock.close()
  }
}

function openSource(file: string): Database.Database {
  const source = new Database(file)
  try {
    const ran = source.prepare('SELECT name, timestamp FROM migration ORDER BY id').all() as SchemaFound['ran']
    // What a newer version keeps beside what this one knows would be left behind.
    refuseOtherVersion(file, { ran, standing: null }, releaseOf(migrations))
    return source
  } catch (cause) {
    source.close()
    throw cause
  }
}

/** An empty database that is marked as unfinished. */
async function openTarget(options: PostgresOptions): Promise<PostgresDatabase> {
  const before = await PostgresDatabase.connect(options)
  let isUnfinished = false
  try {
    const [found] = await before.query<{ there: boolean }>(HAS_MIGRATIONS)
    isUnfinished = found!.there && (await before.query(IS_UNFINISHED)).length > 0
    if (isUnfinished) await before.transaction((transaction) => empty(transaction, FINISH))
  } finally {
    await before.close()
  }
  const target = await PostgresDatabase.open(options)
  try {
    await target.transaction((transaction) => transaction.run(BEGIN))
    if (!isUnfinished) await refuseFull(target, addressOf(options.url))
    return target
  } catch (cause) {
    await target.transaction((transaction) => transaction.run(FINISH)).catch(() => {})
    await target.close()
    throw cause
  }
}

async function refuseFull(target: PostgresDatabase, name: string): Promise<void> {
  for (const { name: table } of COPIED_TABLES) {
    if ((await target.query(prepared(`SELECT 1 FROM ${table} LIMIT 1`))).length === 0) continue
    throw new Error(`the database ${name} is not empty: there are rows in table ${table}`)
  }
}

async function empty(transaction: Transaction, last: typeof FINISH): Promise<void> {
  await transaction.run(prepared(`TRUNCATE ${COPIED_TABLES.map(({ name }) => name).join(', ')}`))
  await transaction.run(last)
}

async function copyAll(
  source: Database.Database,
  { target, name, progress }: Readonly<{ target: PostgresDatabase; name: string; progress: RowProgress }>,
): Promise<Copied> {
  const count = (table: string) => source.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number
  const of = COPIED_TABLES.reduce((sum, table) => sum + count(table.name), 0)
  let done = 0
  const sums = new Map<string, RowSum>()
  for (const table of COPIED_TABLES) {
    const told = (rows: number) => progress({ done: (done += rows), of })
    sums.set(table.name, await copyTable(source, table, { target, told }))
  }
  const epochBase = source.prepare('SELECT epoch_base FROM history').pluck().get()
  const lastSeq = source.prepare(`SELECT seq FROM sqlite_sequence WHERE name = 'outbox'`).pluck().get() ?? 0
  await target.transaction(async (transaction) => {
    await transaction.run(SET_EPOCH_BASE, [epochBase])
    await transaction.query(SET_SEQUENCE, [lastSeq])
  })
  for (const table of COPIED_TABLES) {
    const [sent, found] = [sums.get(table.name)!, await sumOf(target, table)]
    if (sent.equals(found)) continue
    throw new Error(`table ${table.name} has ${String(sent)}, and in the database ${name} it has ${String(found)}`)
  }
  await target.transaction((transaction) => transaction.run(FINISH))
  return sums
}

async function copyTable(
  source: Database.Database,
  table: CopiedTable,
  { target, told }: Readonly<{ target: PostgresDatabase; told: (rows: number) => void }>,
): Promise<RowSum> {
  const sum = new RowSum()
  const insert = prepared(insertOf(table))
  let rows: unknown[][] = []
  let characters = 0
  const store = async () => {
    const lists = table.columns.map(({ type }, column) =>
      rows.map((row) => (type === 'boolean' ? row[column] === 1 : row[column])),
    )
    if (rows.length > 0) await target.transaction((transaction) => transaction.run(insert, lists))
    told(rows.length)
    rows = []
    characters = 0
  }
  for (const row of source.prepare(readOf(table)).raw().iterate() as IterableIterator<unknown[]>) {
    sum.add(row)
    rows.push(row)
    for (const value of row) if (typeof value === 'string') characters += value.length
    if (rows.length === ROWS_MAX || characters > CHARACTERS_MAX) await store()
  }
  await store()
  return sum
}

function sumOf(target: PostgresDatabase, table: CopiedTable): Promise<RowSum> {
  return target.snapshot(async (snapshot) => {
    const sum = new RowSum()
    await snapshot.query(prepared(`DECLARE copied NO SCROLL CURSOR FOR ${readOf(table)}`))
    for (;;) {
      const rows = await snapshot.query<Record<string, unknown>>(FETCH)
      for (const row of rows) sum.add(table.columns.map(({ name }) => row[name]))
      if (rows.length < ROWS_FETCHED) return sum
    }
  })
}

const HAS_MIGRATIONS = prepared("SELECT to_regclass('migration') IS NOT NULL AS there")
const IS_UNFINISHED = prepared(`SELECT 1 FROM migration WHERE name = '${UNFINISHED_COPY}'`)
const BEGIN = prepared(`INSERT INTO migration (timestamp, name) VALUES (0, '${UNFINISHED_COPY}')`)
const FINISH = prepared(`DELETE FROM migration WHERE name = '${UNFINISHED_COPY}'`)
const SET_EPOCH_BASE = prepared('UPDATE history SET epoch_base = $1')
// The place that comes next.
const SET_SEQUENCE = prepared(`SELECT setval('outbox_seq', $1::bigint + 1, false)`)
// Named for this alone: its columns are those of whichever table.
const FETCH = { name: '', text: `FETCH ${ROWS_FETCHED} FROM copied` }
