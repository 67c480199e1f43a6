import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readConfig, type Config } from '../config/config.js'
import { refuseOtherSecrets, takeSecretsBeside } from '../config/secret-copies.js'
import { MASTER_KEY_FILE } from '../config/master-key-files.js'
import { SystemClock } from '../runtime/clock.js'
import { restoreSqlite } from '../store/typeorm/sqlite-restore.js'
import { UsageFault } from './command.js'
import { CopyProgress } from './copy-progress.js'
import { embeddedDatabase } from './embedded-database.js'
import { optionsAndOperandOf } from './options.js'

export const usage = `npx satchel restore <file> [options]

Makes a backup the embedded database of the data directory (SATCHEL_DATA_DIR). No server may run there. A new epoch of every dataset begins,
so that devices which saw what came after the backup start over, and send again what they have of it.

  --replace          where the directory holds a database, sets that one aside, and keeps it
  --with-secrets     also copies the secrets that are beside the backup into the data directory; none is overwritten
  --help
`

const OPTIONS = {
  replace: { type: 'boolean' },
  'with-secrets': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

export async function run(args: readonly string[]): Promise<number> {
  const { given, operand } = optionsAndOperandOf(OPTIONS, args)
  if (given.help === true) {
    process.stdout.write(usage)
    return 0
  }
  if (operand === null) throw new UsageFault('restore takes the name of the file that npx satchel backup has written')
  process.umask(0o077)
  const config = readConfig(process.env)
  const { dataDir } = config
  const file = embeddedDatabase(config, 'restore')
  const backup = resolve(operand)
  const withSecrets = given['with-secrets'] === true
  if (withSecrets) refuseOtherSecrets(backup, dataDir)
  const clock = new SystemClock()
  const progress = new CopyProgress({ clock, write: (line) => process.stderr.write(line) }, 'copied')
  const { datasets, figures, setAside } = await restoreSqlite({
    backup,
    file,
    at: clock.now(),
    replace: given.replace === true,
    progress: (at) => progress.show(at),
  })
  const secrets = withSecrets ? takeSecretsBeside(backup, dataDir) : []
  process.stdout.write(
    `Restored ${figures.identities} identities with ${figures.datasets} datasets and ${figures.records} records in ${dataDir}; ` +
      `a new epoch has begun for ${datasets} datasets, deleted ones included.\n`,
  )
  if (setAside !== null) process.stdout.write(`The database that was there is now ${setAside}.\n`)
  if (secrets.length > 0) process.stdout.write(`Copied: ${secrets.join(', ')}.\n`)
  if (!hasMasterKey(config)) process.stdout.write(WITHOUT_MASTER_KEY(dataDir))
  return 0
}

const hasMasterKey = ({ masterKey, dataDir }: Config): boolean =>
  masterKey !== null || existsSync(join(dataDir, MASTER_KEY_FILE))

const WITHOUT_MASTER_KEY = (dataDir: string): string =>
  `There is no ${MASTER_KEY_FILE} in ${dataDir} yet: put the one there that belongs to the backup before the server is started, ` +
  'since it makes a new one otherwise, with which the keys in the database do not open.\n'
