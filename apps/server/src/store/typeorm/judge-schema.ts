import { compareVersions } from '../../version.js'
import { writtenAt, type Release } from './release.js'
import type { SchemaFound } from './schema-standing.js'
import { UNFINISHED_COPY } from './unfinished-copy.js'

export type SchemaVerdict =
  | Readonly<{ kind: 'current' }>
  /** Migrations that are still to be run, by name. */
  | Readonly<{ kind: 'behind'; missing: readonly string[] }>
  /** A newer server has been here, and this one may go on all the same. */
  | Readonly<{ kind: 'ahead'; warning: string }>
  | Readonly<{ kind: 'refused'; fault: string }>

/**
 * What a server of this release may do with the tables of a database, by what was run on them and who may still use them (MV1). `database` is what the
 * database is called in sentences.
 */
export function judgeSchema(
  database: string,
  { ran, standing }: SchemaFound,
  { version, migrations }: Release,
): SchemaVerdict {
  const known = migrations.map((Step) => new Step().name)
  const unknown = ran.filter(({ name }) => !known.includes(name))
  const missing = known.filter((name) => ran.every((one) => one.name !== name))
  if (unknown.length === 0) return missing.length === 0 ? { kind: 'current' } : { kind: 'behind', missing }

  if (unknown.some(({ name }) => name === UNFINISHED_COPY)) {
    return {
      kind: 'refused',
      fault: `${database} holds a copy that was begun and is not whole; call npx satchel copy again, which begins anew, or empty the database`,
    }
  }
  const names = unknown.map(({ name }) => name).join(', ')
  const newestKnown = Math.max(...known.map(writtenAt))
  const isVouchedFor = unknown.every(
    ({ timestamp }) => timestamp > newestKnown && timestamp <= (standing?.newestMigration ?? 0),
  )
  if (standing === null || !isVouchedFor || missing.length > 0) {
    return {
      kind: 'refused',
      fault:
        `${database} was written by a newer version of Satchel: it knows the migration ${names}, ` +
        'which this version does not; start the newer version, or restore a backup made by this one',
    }
  }
  const { writtenBy, oldestServer } = standing
  if (compareVersions(version, oldestServer) < 0) {
    return {
      kind: 'refused',
      fault:
        `${database} was written by a newer version of Satchel, ${writtenBy}, and may be used by ${oldestServer} and newer; ` +
        `this is ${version}; start one of those, or restore a backup made by this one`,
    }
  }
  return {
    kind: 'ahead',
    warning:
      `${database} was written by a newer version of Satchel, ${writtenBy}, and may be used by ${oldestServer} and newer; ` +
      `this is ${version}, which goes on with it; bring this server up to date soon`,
  }
}
