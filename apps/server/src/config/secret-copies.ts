import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MASTER_KEY_FILE } from './master-key-files.js'
import { ADMIN_FILE } from './secrets.js'
import { readOrCreate } from './secret-file.js'

const NAMES = [MASTER_KEY_FILE, ADMIN_FILE]

/** Copies the secrets of a data directory beside a backup, mode 0600; answers the copies. Throws a sentence for one that is there and differs. */
export function keepSecretsBeside(backup: string, dataDir: string): readonly string[] {
  return copyEach(NAMES.map((name) => [join(dataDir, name), `${backup}.${name}`] as const))
}

/** Copies the secrets beside a backup into a data directory; as {@link keepSecretsBeside}. */
export function takeSecretsBeside(backup: string, dataDir: string): readonly string[] {
  return copyEach(NAMES.map((name) => [`${backup}.${name}`, join(dataDir, name)] as const))
}

/** Throws a sentence where copying secrets that are beside a backup would meet others. */
export function refuseOtherSecrets(backup: string, dataDir: string): void {
  for (const name of NAMES) refuseOther(`${backup}.${name}`, join(dataDir, name))
}

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
