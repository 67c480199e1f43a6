import type { DataSource } from 'typeorm'

/** Refuses, with a sentence, a database that has seen a migration this code does not know. */
export async function refuseNewerDatabase(source: DataSource): Promise<void> {
  const runner = source.createQueryRunner()
  try {
    if (!(await runner.hasTable('migration'))) return
    const known = new Set(source.migrations.map((migration) => migration.name ?? migration.constructor.name))
    const ran = (await runner.query('SELECT name FROM migration ORDER BY id')) as { name: string }[]
    const unknown = ran.filter(({ name }) => !known.has(name)).map(({ name }) => name)
    if (unknown.length === 0) return
    throw new Error(
      `the database was written by a newer version of Satchel: it knows the migration ${unknown.join(', ')}, ` +
        'which this version does not; start the newer version, or restore a backup made by this one',
    )
  } finally {
    await runner.release()
  }
}
