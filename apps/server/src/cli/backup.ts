import { join, resolve } from 'node:path'
import { readConfig, type Config } from '../config/config.js'
import { keepSecretsBeside, refuseOtherSecretsBeside, secretsIn } from '../config/secret-copies.js'
import { MASTER_KEY_FILE } from '../config/master-key-files.js'
import { ADMIN_FILE } from '../config/secrets.js'
import { SystemClock } from '../runtime/clock.js'
import { backUpSqlite } from '../store/typeorm/sqlite-backup.js'
import { UsageFault } from './command.js'
import { CopyProgress, sizeOf } from './copy-progress.js'
import { embeddedDatabase } from './embedded-database.js'
import { optionsAndOperandOf } from './options.js'

export const usage = `npx satchel backup <file> [options]

Backs up the embedded database of the data directory (SATCHEL_DATA_DIR) into one new file, as it is at one moment, beside a server that goes on
working or without one. The file is read again and compared before it gets its name; nothing is overwritten.

  --with-secrets     also copies the secrets of the data directory, to <file>.${MASTER_KEY_FILE}, <file>.${ADMIN_FILE} and so on,
                     readable by their owner only; without the master key what is restored cannot sign tokens
  --help

npx satchel restore puts it back.
`

const OPTIONS = { 'with-secrets': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const

export async function run(args: readonly string[]): Promise<number> {
  const { given, operand } = optionsAndOperandOf(OPTIONS, args)
  if (given.help === true) {
    process.stdout.write(usage)
    return 0
  }
  if (operand === null) throw new UsageFault('backup takes the name of the file to write')
  process.umask(0o077) // it holds everything that users keep
  const config = readConfig(process.env)
  const target = resolve(operand)
  const withSecrets = given['with-secrets'] === true
  if (withSecrets) refuseOtherSecretsBeside(target, config.dataDir)
  const progress = new CopyProgress({ clock: new SystemClock(), write: (line) => process.stderr.write(line) }, 'copied')
  const { bytes, rows } = await backUpSqlite(embeddedDatabase(config, 'backup'), target, (at) => progress.show(at))
  const count = (table: string): number => rows.get(table) ?? 0
  process.stdout.write(
    `Backed up ${count('identity_pool')} pools, ${count('identity')} identities, ${count('dataset')} datasets and ` +
      `${count('record')} records, deleted ones included, to ${target} (${sizeOf(bytes)}), read again and found whole.\n`,
  )
  process.stdout.write(withSecrets ? keptSecrets(target, config) : missingSecrets(config))
  return 0
}

function keptSecrets(target: string, { dataDir }: Config): string {
  const kept = keepSecretsBeside(target, dataDir)
  if (kept.length === 0) return `There are no secrets in ${dataDir}: they come from the environment. Keep them, too.\n`
  return `Beside it, for their owner only: ${kept.join(', ')}.\n`
}

function missingSecrets({ dataDir }: Config): string {
  const files = secretsIn(dataDir).map((name) => join(dataDir, name))
  if (files.length === 0)
    return 'The master key and the admin credentials, from the environment, are not in it. Keep them, too.\n'
  return `The secrets are not in it; --with-secrets copies them beside it: ${files.join(', ')}. Without the master key, what is restored cannot sign tokens.\n`
}
