import { UNFINISHED_COPY } from './unfinished-copy.js'

type Migration = new () => Readonly<{ name?: string }>

/** Migrations as a database lists them. */
type Ran = readonly Readonly<{ name: string }>[]

/** Throws a sentence for a database of another version than this one: for tools that may not bring one up to date. */
export function refuseOtherVersion(
  database: string,
  { ran, migrations }: Readonly<{ ran: Ran; migrations: readonly Migration[] }>,
): void {
  const known = migrations.map((Migration) => new Migration().name ?? Migration.name)
  refuseUnknownMigrations(`the database ${database}`, { ran, known })
  const missing = known.filter((name) => ran.every((one) => one.name !== name))
  if (missing.length === 0) return
  throw new Error(
    `the database ${database} was written by an older version of Satchel: it lacks the migration ${missing.join(', ')}; start the server of this version once`,
  )
}

/** Throws a sentence for a database, by what it is called in it, that is left half copied or has seen a migration which is not among the known ones. */
export function refuseUnknownMigrations(
  database: string,
  { ran, known }: Readonly<{ ran: Ran; known: readonly string[] }>,
): void {
  const unknown = ran.map(({ name }) => name).filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  if (unknown.includes(UNFINISHED_COPY)) {
    throw new Error(
      `${database} holds a copy that was begun and is not whole; call npx satchel copy again, which begins anew, or empty the database`,
    )
  }
  throw new Error(
    `${database} was written by a newer version of Satchel: it knows the migration ${unknown.join(', ')}, ` +
      'which this version does not; start the newer version, or restore a backup made by this one',
  )
}
