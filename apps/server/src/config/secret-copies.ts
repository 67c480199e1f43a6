import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isOtherMasterKeyFile, MASTER_KEY_FILE } from './master-key-files.js'
import { ADMIN_FILE } from './secrets.js'
import { readOrCreate } from './secret-file.js'

/** Copies the secrets of a data directory beside a backup, mode 0600; answers the copies. Throws a sentence for one that is there and differs. */
export function keepSecretsBeside(backup: string, dataDir: string): readonly string[] {
  return copyEach(copiesBeside(backup, dataDir))
}

/** Throws a sentence where {@link keepSecretsBeside} would. */
export function refuseOtherSecretsBeside(backup: string, dataDir: string): void {
  for (const [from, to] of copiesBeside(backup, dataDir)) refuseOther(from, to)
}

const copiesBeside = (backup: string, dataDir: string) =>
  secretsIn(dataDir).map((name) => [join(dataDir, name), `${backup}.${name}`] as const)

/** Copies the secrets beside a backup into a data directory; as {@link keepSecretsBeside}. */
export function takeSecretsBeside(backup: string, dataDir: string): readonly string[] {
  return copyEach(secretsBeside(backup).map((name) => [`${backup}.${name}`, join(dataDir, name)] as const))
}

/** Throws a sentence where copying secrets that are beside a backup would meet others. */
export function refuseOtherSecrets(backup: string, dataDir: string): void {
  for (const name of secretsBeside(backup)) refuseOther(`${backup}.${name}`, join(dataDir, name))
}

/** The names of the files of a directory that hold secrets. */
export const secretsIn = (dataDir: string): readonly string[] => secretsAmong(namesIn(dataDir))

function secretsBeside(backup: string): readonly string[] {
  const begins = `${basename(backup)}.`
  const beside = namesIn(dirname(backup)).filter((name) => name.startsWith(begins))
  return secretsAmong(beside.map((name) => name.slice(begins.length)))
}

const namesIn = (directory: string): readonly string[] => (existsSync(directory) ? readdirSync(directory).sort() : [])

const secretsAmong = (names: readonly string[]): readonly string[] =>
  names.filter((name) => name === MASTER_KEY_FILE || name === ADMIN_FILE || isOtherMasterKeyFile(name))

function copyEach(pairs: readonly (readonly [from: string, to: string])[]): readonly string[] {
  const there = pairs.filter(([from]) => existsSync(from))
  for (const [from, to] of there) refuseOther(from, to)
  for (const [from, to] of there) readOrCreate(to, () => readFileSync(from, 'utf8'))
  return there.map(([, to]) => to)
}

function refuseOther(from: string, to: string): void {
  if (!existsSync(from) || !existsSync(to) || readFileSync(from).equals(readFileSync(to))) return
  throw new Error(`${to} differs from ${from}, and secrets are never overwritten: move it away first`)
}
