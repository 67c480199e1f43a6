import { join } from 'node:path'
import { readConfig } from '../config/config.js'
import { openStores } from '../serve.js'
import { DATABASE_FILE } from '../store/database-file.js'
import { addressOf } from '../store/typeorm/postgres/address-of.js'
import { VERSION } from '../version.js'
import { optionsOf } from './options.js'

export const usage = `npx satchel migrate [--help]

Brings the tables of the database that the settings name up to this version, and ends: what every start does by itself, for those who would rather see
it done before the first server of a new version starts. Servers on PostgreSQL may go on meanwhile, of this version and of the minor version before; the
embedded database must not be in use.
`

const OPTIONS = { help: { type: 'boolean', short: 'h' } } as const

export async function run(args: readonly string[]): Promise<number> {
  if (optionsOf(OPTIONS, args).help === true) {
    process.stdout.write(usage)
    return 0
  }
  process.umask(0o077) // what is made in the data directory is for this user only
  const config = readConfig(process.env)
  const stores = await openStores(config, undefined, (sentence) => {
    process.stderr.write(`${sentence}\n`)
  })
  await stores.close()
  const name = config.databaseUrl === null ? join(config.dataDir, DATABASE_FILE) : addressOf(config.databaseUrl)
  process.stdout.write(`The database ${name} can be used by Satchel ${VERSION}.\n`)
  return 0
}
