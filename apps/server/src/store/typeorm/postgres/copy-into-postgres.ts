import { addressOf } from './address-of.js'
import { bringTable, type Brought } from './bring-table.js'
import { COPIED_TABLES, readOf, type CopiedTable } from './copied-table.js'
import { CopySource } from './copy-source.js'
import { finish, openTarget } from './copy-target.js'
import { inCopyTurn } from './copy-turn.js'
import type { PostgresDatabase, PostgresOptions } from './postgres-database.js'
import { prepared } from './prepared.js'
import { RowSum } from './row-sum.js'

/** How far a copy has come: rows of all tables together, first copied and then read again. */
export type RowProgress = (at: Readonly<{ step: 'copied' | 'compared'; done: number; of: number }>) => void

/** What was found alike in both databases, by table. */
export type Sums = ReadonlyMap<string, RowSum>

/**
 * `finished`: servers may start on it. `provisional`: made beside a server that has gone on, and none may. `unchanged`: it was finished before, and
 * still is what the source has; nothing was written.
 */
export type Copied = Readonly<{
  kind: 'finished' | 'provisional' | 'unchanged'
  sums: Sums
  /** Rows that were missing or differed, and rows that the source does not have any more. */
  written: number
  removed: number
}>

/**
 * Makes a PostgreSQL database hold everything of a site on SQLite, in bounded batches, reads it again, and compares rows and checksums table by table (X30).
 * Beside a running server it copies what is there at one moment, and the copy stays provisional (X32); later calls bring only what differs (X33). No server starts on
 * a copy before one that was made of a stopped site was found alike (X31). Rejects with a sentence where there is something else in the database
 * (X34), or where the two differ.
 */
export async function copyIntoPostgres(
  file: string,
  options: PostgresOptions,
  progress: RowProgress = () => {},
): Promise<Copied> {
  const source = CopySource.open(file)
  try {
    return await inCopyTurn(options.url, async () => {
      const { database, isUnfinished } = await openTarget(options)
      const copying = { source, target: database, file, name: addressOf(options.url), progress }
      try {
        return isUnfinished ? await bringAll(copying) : await compareFinished(copying)
      } finally {
        await database.close()
      }
    })
  } finally {
    source.close()
  }
}

type Copying = Readonly<{
  source: CopySource
  target: PostgresDatabase
  file: string
  name: string
  progress: RowProgress
}>

async function bringAll(copying: Copying): Promise<Copied> {
  const { source, target } = copying
  const told = counting(copying, 'copied')
  const brought = new Map<string, Brought>()
  for (const table of COPIED_TABLES) brought.set(table.name, await bringTable(source, table, { target, told }))
  await target.transaction(async (transaction) => {
    await transaction.run(SET_EPOCH_BASE, [source.epochBase()])
    await transaction.query(SET_SEQUENCE, [source.lastSeq()])
  })
  const sums = new Map([...brought].map(([table, { sum }]) => [table, sum]))
  const difference = await differenceOf(copying, sums)
  if (difference !== null) throw new Error(difference)
  if (source.isStopped) await finish(target)
  const all = [...brought.values()]
  return {
    kind: source.isStopped ? 'finished' : 'provisional',
    sums,
    written: all.reduce((rows, { written }) => rows + written, 0),
    removed: all.reduce((rows, { removed }) => rows + removed, 0),
  }
}

async function compareFinished(copying: Copying): Promise<Copied> {
  const { source, file, name } = copying
  const left = 'Nothing was touched; to copy anew, empty the database first'
  if (!source.isStopped) {
    throw new Error(
      `the database ${name} is not empty, and holds no copy that waits for more, while a server runs on ${file}. ${left}`,
    )
  }
  const sums = new Map(COPIED_TABLES.map((table) => [table.name, sumOfSource(source, table)]))
  const difference = (await counterDifference(copying)) ?? (await differenceOf(copying, sums))
  if (difference === null) return { kind: 'unchanged', sums, written: 0, removed: 0 }
  throw new Error(
    `the database ${name} is not empty, and is not what a copy of ${file} would be: a server has used one of them since, or it is another site's; ${difference}. ${left}`,
  )
}

/** Of what is kept beside the tables; null for none. Servers count on from both. */
async function counterDifference({ source, target }: Copying): Promise<string | null> {
  const [found] = await target.query<{ epochBase: number; nextSeq: number; isDrawn: boolean }>(COUNTERS)
  const { epochBase, nextSeq, isDrawn } = found!
  if (epochBase !== source.epochBase()) {
    return `the epoch from which datasets go up is ${source.epochBase()}, and there it is ${epochBase}`
  }
  const next = source.lastSeq() + 1
  return nextSeq === next && !isDrawn
    ? null
    : `the outbox goes on at ${next}, and there at ${nextSeq + Number(isDrawn)}`
}

/** The first difference of a table, in words; null for none. */
async function differenceOf(copying: Copying, sums: Sums): Promise<string | null> {
  const told = counting(copying, 'compared')
  for (const table of COPIED_TABLES) {
    const [sent, found] = [sums.get(table.name)!, await sumOfTarget(copying.target, table, told)]
    if (!sent.equals(found)) {
      return `table ${table.name} has ${String(sent)}, and in the database ${copying.name} it has ${String(found)}`
    }
  }
  return null
}

function counting({ source, progress }: Copying, step: 'copied' | 'compared'): (rows: number) => void {
  let done = 0
  return (rows) => progress({ step, done: (done += rows), of: source.rows })
}

function sumOfSource(source: CopySource, table: CopiedTable): RowSum {
  const sum = new RowSum()
  for (const row of source.rowsOf(table)) sum.add(row)
  return sum
}

function sumOfTarget(target: PostgresDatabase, table: CopiedTable, told: (rows: number) => void): Promise<RowSum> {
  return target.snapshot(async (snapshot) => {
    const sum = new RowSum()
    await snapshot.query(prepared(`DECLARE copied NO SCROLL CURSOR FOR ${readOf(table)}`))
    // Named for this alone: its columns are those of whichever table.
    const fetch = { name: '', text: `FETCH ${table.rowsRead} FROM copied` }
    for (;;) {
      const rows = await snapshot.query<Record<string, unknown>>(fetch)
      for (const row of rows) sum.add(table.columns.map(({ name }) => row[name]))
      told(rows.length)
      if (rows.length < table.rowsRead) return sum
    }
  })
}

const COUNTERS = prepared(`SELECT epoch_base AS "epochBase", last_value AS "nextSeq", is_called AS "isDrawn"
  FROM history, outbox_seq`)
const SET_EPOCH_BASE = prepared('UPDATE history SET epoch_base = $1')
// The place that comes next.
const SET_SEQUENCE = prepared(`SELECT setval('outbox_seq', $1::bigint + 1, false)`)
