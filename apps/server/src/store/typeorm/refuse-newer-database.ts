import type { DataSource } from 'typeorm'
import { refuseUnknownMigrations } from './refuse-other-version.js'

/** Refuses, with a sentence, a database that has seen a migration this code does not know. */
export async function refuseNewerDatabase(source: DataSource): Promise<void> {
  const runner = source.createQueryRunner()
  try {
    if (!(await runner.hasTable('migration'))) return
    const known = source.migrations.map((migration) => migration.name ?? migration.constructor.name)
    const ran = (await runner.query('SELECT name FROM migration ORDER BY id')) as { name: string }[]
    refuseUnknownMigrations('the database', { ran, known })
  } finally {
    await runner.release()
  }
}
