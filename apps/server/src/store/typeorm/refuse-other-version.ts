import { judgeSchema } from './judge-schema.js'
import type { Release } from './release.js'
import type { SchemaFound } from './schema-standing.js'

/** Throws a sentence for a database, by its name, that is not of this version, nor of a newer one that lets this one in: for tools that may not bring one up to date. */
export function refuseOtherVersion(database: string, found: SchemaFound, release: Release): void {
  const verdict = judgeSchema(`the database ${database}`, found, release)
  if (verdict.kind === 'refused') throw new Error(verdict.fault)
  if (verdict.kind !== 'behind') return
  throw new Error(
    `the database ${database} was written by an older version of Satchel: it lacks the migration ${verdict.missing.join(', ')}; start the server of this version once`,
  )
}
