import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { MASTER_KEY_FILE } from '../config/master-key-files.js'
import { SystemClock } from '../runtime/clock.js'
import { SystemRandom } from '../runtime/random.js'
import { DATABASE_FILE } from '../store/database-file.js'
import { copyIntoPostgres } from '../store/typeorm/postgres/copy-into-postgres.js'
import { CONNECTIONS_MIN } from '../store/typeorm/postgres/postgres-database.js'
import { UsageFault } from './command.js'
import { CopyProgress } from './copy-progress.js'
import { optionsOf } from './options.js'

export const usage = `SATCHEL_COPY_TO=postgres://... npx satchel copy --from sqlite:<directory> [options]

Copies everything of a site on the embedded database into an empty PostgreSQL database, reads it again, and compares rows and checksums table by
table. No server may run on either. The directory stays as it is. What was interrupted is begun anew by calling this again; until it is whole, no
server starts on the database.

Devices notice nothing, as long as the servers have the same master key: put that of the directory into SATCHEL_MASTER_KEY.

  --to <url>         the database, in place of SATCHEL_COPY_TO; - reads it from standard input. Other users of the machine see what stands on a
                     command line, so a password does not belong there
  --partitions <n>   divides the large tables into so many parts by identity, 2 to 1024; cannot be chosen later
  --help
`

const OPTIONS = {
  from: { type: 'string' },
  to: { type: 'string' },
  partitions: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

const PARTITIONS_MAX = 1_024

const ENVIRONMENT = 'SATCHEL_COPY_TO'

export async function run(args: readonly string[]): Promise<number> {
  const { help, from, to, partitions } = optionsOf(OPTIONS, args)
  if (help === true) {
    process.stdout.write(usage)
    return 0
  }
  const [, directory] = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(from ?? '') ?? []
  if (directory === undefined) throw new UsageFault('copy takes --from with sqlite: and the data directory of a site')
  const url = await urlOf(to)
  const dataDir = resolve(directory)
  const clock = new SystemClock()
  const progress = new CopyProgress(
    { clock, write: (line) => process.stderr.write(line) },
    'copied',
    (rows) => `${rows} rows`,
  )
  const options = { url, connections: CONNECTIONS_MIN, partitions: partitionsOf(partitions) }
  const copied = await copyIntoPostgres(
    join(dataDir, DATABASE_FILE),
    { ...options, clock, random: new SystemRandom() },
    (at) => progress.show(at),
  )
  const lines = [...copied].map(([table, sum]) => `  ${table.padEnd(20)}${String(sum)}\n`)
  process.stdout.write(`Copied, and alike in both databases:\n${lines.join('')}`)
  process.stdout.write(
    `Give the servers the master key of ${join(dataDir, MASTER_KEY_FILE)} as SATCHEL_MASTER_KEY, and those of files beside it as SATCHEL_OTHER_MASTER_KEYS, unless they have them already: what devices hold is of no use without the key it was sealed under.\n`,
  )
  return 0
}

/** Where to copy to, from wherever it was given. */
async function urlOf(to: string | undefined): Promise<string> {
  const given = (to === '-' ? await text(process.stdin) : (to ?? process.env[ENVIRONMENT] ?? '')).trim()
  if (/^postgres(ql)?:\/\//.test(given) && URL.canParse(given)) return given
  throw new UsageFault(
    `copy takes the URL of a PostgreSQL database, postgres://user:password@host/name, from ${ENVIRONMENT}, from --to, or with --to - from standard input`,
  )
}

function partitionsOf(given: string | undefined): number | null {
  if (given === undefined) return null
  const count = /^\d{1,4}$/.test(given) ? Number(given) : 0
  if (count >= 2 && count <= PARTITIONS_MAX) return count
  throw new UsageFault(`--partitions takes a number from 2 to ${PARTITIONS_MAX}`)
}
