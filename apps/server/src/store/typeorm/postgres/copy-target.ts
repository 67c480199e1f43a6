import { judgeSchema } from '../judge-schema.js'
import { releaseOf } from '../release.js'
import { readSchema } from '../schema-standing.js'
import { UNFINISHED_COPY } from '../unfinished-copy.js'
import { addressOf } from './address-of.js'
import { connectToThisVersion } from './connect-to-this-version.js'
import { COPIED_TABLES } from './copied-table.js'
import { postgresMigrations } from './migrations/migrations.js'
import { PostgresDatabase, type PostgresOptions } from './postgres-database.js'
import { prepared } from './prepared.js'
import { refuseOtherPartitions } from './refuse-other-partitions.js'

/** Where a copy goes. No server starts on one that is unfinished; one that is not marked so, and holds something, is for reading alone. */
export type CopyTarget = Readonly<{ database: PostgresDatabase; isUnfinished: boolean }>

/**
 * Opens a database for a copy: an empty one gets its tables and is marked as unfinished, and one that is marked stays as it is, with what earlier copies have
 * brought. What an older version has begun is emptied first. Rejects with a sentence for a database of a newer version.
 */
export async function openTarget(options: PostgresOptions): Promise<CopyTarget> {
  const found = await lookAt(options)
  if (found === 'filled') return { database: await connectToThisVersion(options), isUnfinished: false }
  if (found === 'begun') return { database: await PostgresDatabase.connect(options), isUnfinished: true }
  const database = await PostgresDatabase.open(options)
  await database.transaction((transaction) => transaction.run(BEGIN))
  return { database, isUnfinished: true }
}

/** Lets servers start on it. */
export async function finish(target: PostgresDatabase): Promise<void> {
  await target.transaction((transaction) => transaction.run(FINISH))
}

async function lookAt(options: PostgresOptions): Promise<'empty' | 'begun' | 'filled'> {
  const name = addressOf(options.url)
  const database = await PostgresDatabase.connect(options)
  const ask = (sql: string) => database.query<object>(prepared(sql))
  try {
    const wanted = ['migration', 'schema_standing', ...COPIED_TABLES.map((table) => table.name)]
    const tables = new Set((await database.query<{ name: string }>(TABLES, [wanted])).map((table) => table.name))
    const { ran, standing } = await readSchema(ask, tables)
    const known = ran.filter((migration) => migration.name !== UNFINISHED_COPY)
    const there = COPIED_TABLES.map((table) => table.name).filter((table) => tables.has(table))
    if (known.length === ran.length) {
      if (tables.has('record')) await refuseOtherPartitions(ask, options.partitions)
      for (const table of there) if ((await ask(`SELECT 1 FROM ${table} LIMIT 1`)).length > 0) return 'filled'
      return 'empty'
    }
    const verdict = judgeSchema(`the database ${name}`, { ran: known, standing }, releaseOf(postgresMigrations(0)))
    if (verdict.kind === 'refused') throw new Error(verdict.fault)
    if (verdict.kind !== 'behind') {
      await refuseOtherPartitions(ask, options.partitions)
      return 'begun'
    }
    await database.transaction(async (transaction) => {
      if (there.length > 0) await transaction.run(prepared(`TRUNCATE ${there.join(', ')}`))
      await transaction.run(FINISH)
    })
    return 'empty'
  } finally {
    await database.close()
  }
}

const TABLES = prepared('SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL')
const BEGIN = prepared(`INSERT INTO migration (timestamp, name) VALUES (0, '${UNFINISHED_COPY}')`)
const FINISH = prepared(`DELETE FROM migration WHERE name = '${UNFINISHED_COPY}'`)
