import type { MigrationInterface } from 'typeorm'
import { compareVersions, VERSION } from '../../version.js'

/** A step of the tables; see `migrations/migrations.ts` for what it may do. */
export interface Migration extends MigrationInterface {
  readonly name: string
  /** For a step that takes away what older servers use: the oldest that does without it. Such a step comes a minor version after that server. */
  readonly oldestServer?: string
}

/** What a version of the server makes of the tables of one engine. */
export type Release = Readonly<{
  version: string
  /** Oldest first. */
  migrations: readonly (new () => Migration)[]
}>

/** The first version; whoever is older than it knows of no tables. */
const FIRST = '0.1.0'

/** What this server makes of them. */
export const releaseOf = (migrations: Release['migrations']): Release => ({ version: VERSION, migrations })

/** The oldest server that may use the tables as a release leaves them. */
export function oldestServerOf({ migrations }: Release): string {
  const named = migrations.map((Step) => new Step().oldestServer ?? FIRST)
  return named.reduce((oldest, version) => (compareVersions(version, oldest) > 0 ? version : oldest), FIRST)
}

/** When a migration was written, which is the end of its name. */
export const writtenAt = (name: string): number => Number(name.slice(-13))
