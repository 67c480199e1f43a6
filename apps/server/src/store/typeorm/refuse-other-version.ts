type Migration = new () => Readonly<{ name?: string }>

/** Throws a sentence for a database of another version than this one: for tools that may not bring one up to date. */
export function refuseOtherVersion(
  database: string,
  { ran, migrations }: Readonly<{ ran: readonly Readonly<{ name: string }>[]; migrations: readonly Migration[] }>,
): void {
  const here = ran.map(({ name }) => name)
  const known = migrations.map((Migration) => new Migration().name ?? Migration.name)
  const unknown = here.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    throw new Error(
      `the database ${database} was written by a newer version of Satchel: it knows the migration ${unknown.join(', ')}, which this version does not`,
    )
  }
  const missing = known.filter((name) => !here.includes(name))
  if (missing.length > 0) {
    throw new Error(
      `the database ${database} was written by an older version of Satchel: it lacks the migration ${missing.join(', ')}; start the server of this version once`,
    )
  }
}
