import { compareVersions } from '../../../version.js'
import type { Migration } from '../release.js'

/** A migration by what it runs. */
export type Step = Pick<Migration, 'name' | 'oldestServer' | 'transaction'> &
  Readonly<{ statements: readonly string[] }>

export type Site = Readonly<{
  engine: 'sqlite' | 'postgres'
  /** Of the server that brings the migration. */
  version: string
  /** The names of every column of every table there is. */
  columns: ReadonlySet<string>
}>

/** The statements of a migration, which runs on nothing. */
export async function statementsOf(migration: Migration): Promise<Step> {
  const statements: string[] = []
  await migration.up({ query: (sql: string) => Promise.resolve(statements.push(sql)) } as never)
  return { ...namesOf(migration), statements }
}

const namesOf = ({ name, oldestServer, transaction }: Migration) => ({
  name,
  ...(oldestServer === undefined ? {} : { oldestServer }),
  ...(transaction === undefined ? {} : { transaction }),
})

/** What of a migration servers of one minor version before would not live with, or would have to wait long for (MV2); empty for a good one. */
export function faultsOf(step: Step, site: Site): readonly string[] {
  const made = new Set<string>()
  const faults: string[] = []
  const { oldestServer } = step
  if (oldestServer !== undefined && !isMinorBefore(oldestServer, site.version)) {
    faults.push(`${step.name} leaves nothing to servers of the minor version before ${site.version}`)
  }
  for (const [at, given] of step.statements.entries()) {
    const sql = given.replace(/\s+/g, ' ').trim()
    const fault = faultOf(sql, { step, site, made, next: step.statements[at + 1] ?? '' })
    if (fault !== null) faults.push(`${step.name}: ${sql.slice(0, 80)}: ${fault}`)
  }
  return faults
}

type Around = Readonly<{ step: Step; site: Site; made: Set<string>; next: string }>

function faultOf(sql: string, { step, site, made, next }: Around): string | null {
  const table = /^CREATE TABLE (?:IF NOT EXISTS )?"?(\w+)/i.exec(sql)?.[1]
  if (table !== undefined) return (made.add(table), null)
  if (/^CREATE SEQUENCE /i.test(sql)) return null

  const [, unique, concurrently, indexed = ''] =
    /^CREATE (UNIQUE )?INDEX (CONCURRENTLY )?(?:IF NOT EXISTS )?\w+ ON (?:ONLY )?"?(\w+)/i.exec(sql) ?? []
  if (indexed !== '') {
    if (made.has(indexed)) return null
    if (unique !== undefined) return forbidden(step, 'older servers may write what it does not allow')
    if (site.engine === 'sqlite') return null
    if (concurrently === undefined) return 'writers would wait for it as long as it takes; make it CONCURRENTLY'
    return step.transaction === false ? null : 'CONCURRENTLY needs `transaction = false`'
  }

  const [, index] = /^DROP INDEX CONCURRENTLY IF EXISTS (\w+)$/i.exec(sql) ?? []
  // Of one that was begun before and killed half made.
  if (index !== undefined && new RegExp(`^\\s*CREATE INDEX CONCURRENTLY ${index} `, 'i').test(next)) return null

  const [, altered = '', what = ''] = /^ALTER TABLE (?:ONLY )?"?(\w+)"? (.*)$/i.exec(sql) ?? []
  if (made.has(altered)) return null
  const [, column, facts = ''] = /^ADD COLUMN "?(\w+)"? (.*)$/i.exec(what) ?? []
  if (column !== undefined) return columnFault(column, facts, site)

  const [, filled = ''] = /^INSERT INTO "?(\w+)/i.exec(sql) ?? []
  if (made.has(filled)) return null
  if (/ RENAME /i.test(sql))
    return 'older servers know the old name; add what is new, and drop what is old a version later'
  if (/^(UPDATE|DELETE|INSERT) /i.test(sql)) {
    return 'rows are not rewritten here, where others wait for it; a server does that piece by piece'
  }
  if (/^DROP /i.test(sql) || /^DROP COLUMN /i.test(what)) return forbidden(step, 'older servers use it')
  return forbidden(step, 'it is not known to be harmless to older servers')
}

function columnFault(column: string, facts: string, { columns }: Site): string | null {
  if (columns.has(column))
    return `a column of that name is there, and a statement that joins both would not know which is meant`
  if (/\b(UNIQUE|PRIMARY KEY|REFERENCES|CHECK|GENERATED)\b/i.test(facts))
    return 'older servers may write what it does not allow'
  const [, preset] = /\bDEFAULT (.+?)(?: NOT NULL)?$/i.exec(facts) ?? []
  if (preset === undefined)
    return /\bNOT NULL\b/i.test(facts) ? 'older servers write rows without it; give it a DEFAULT' : null
  return /^(-?\d+|'[^']*'|true|false|null)$/i.test(preset)
    ? null
    : 'its DEFAULT has to be constant, or every row is rewritten'
}

const forbidden = ({ oldestServer }: Step, why: string): string | null =>
  oldestServer === undefined
    ? `${why}; say in \`oldestServer\` who does without it, a minor version after that one`
    : null

function isMinorBefore(oldest: string, version: string): boolean {
  const minorOf = (of: string) => `${of.split('.').slice(0, 2).join('.')}.0`
  return compareVersions(minorOf(oldest), minorOf(version)) < 0
}
