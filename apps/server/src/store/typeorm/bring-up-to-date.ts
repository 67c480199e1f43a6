import type { DataSource } from 'typeorm'
import { judgeSchema } from './judge-schema.js'
import { compareVersions } from '../../version.js'
import { oldestServerOf, type Release } from './release.js'
import { readSchema, writeStanding, type Ask, type SchemaFound } from './schema-standing.js'

/** Told of what a start comes upon, in sentences for whoever runs the server. */
export type Say = (sentence: string) => void

export type UpToDate = Readonly<{
  /** What the database is called in sentences. */
  name: string
  release: Release
  say: Say
  /** Runs what is missing. */
  run: () => Promise<unknown>
  /** Versions of the servers that are at work on the database; none where only one can be. */
  atWork?: () => Promise<readonly string[]>
}>

/**
 * Brings the tables of a database up to a release, or leaves them where a newer one has been and lets this one in (MV1). Rejects with a sentence where it
 * does not. To be called by one at a time.
 */
export async function bringUpToDate(source: DataSource, { name, release, say, run, atWork }: UpToDate): Promise<void> {
  const ask: Ask = (sql) => source.query(sql)
  const found = await schemaOf(source)
  const verdict = judgeSchema(name, found, release)
  switch (verdict.kind) {
    case 'refused':
      throw new Error(verdict.fault)
    case 'ahead':
      return say(verdict.warning)
    case 'behind':
      refuseWhileOlderWork(name, oldestServerOf(release), (await atWork?.()) ?? [])
      await writeStanding(ask, release, found.standing)
      await run()
      return
    case 'current':
      if (found.standing === null) await writeStanding(ask, release, null)
      return
  }
}

/** Tables must not be taken from under those who use them. */
function refuseWhileOlderWork(name: string, oldest: string, versions: readonly string[]): void {
  const older = versions.filter((version) => compareVersions(version, oldest) < 0)
  if (older.length === 0) return
  throw new Error(
    `servers of version ${older.join(', ')} are at work on ${name}, and this version needs all to be ${oldest} or newer; ` +
      'replace those first',
  )
}

/** What a database says of itself; nothing is written. */
export async function schemaOf(source: Pick<DataSource, 'createQueryRunner'>): Promise<SchemaFound> {
  const runner = source.createQueryRunner()
  try {
    const tables = new Set<string>()
    for (const table of ['migration', 'schema_standing']) if (await runner.hasTable(table)) tables.add(table)
    return await readSchema((sql) => runner.query(sql) as Promise<object[]>, tables)
  } finally {
    await runner.release()
  }
}
