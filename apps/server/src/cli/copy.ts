import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { MASTER_KEY_FILE } from '../config/master-key-files.js'
import { databaseUrl } from '../config/setting-checks.js'
import { COPY_TO } from '../config/unknown-settings.js'
import { SystemClock } from '../runtime/clock.js'
import { SystemRandom } from '../runtime/random.js'
import { DATABASE_FILE } from '../store/database-file.js'
import { copyIntoPostgres, type Copied } from '../store/typeorm/postgres/copy-into-postgres.js'
import { CONNECTIONS_MIN } from '../store/typeorm/postgres/postgres-database.js'
import { UsageFault } from './command.js'
import { CopyProgress } from './copy-progress.js'
import { optionsOf } from './options.js'

export const usage = `SATCHEL_COPY_TO=postgres://... npx satchel copy --from sqlite:<directory> [options]

Copies everything of a site on the embedded database into a PostgreSQL database, reads it again, and compares rows and checksums table by table.
The directory stays as it is. Where there is much to copy, call this twice:

  1. beside the running server. It goes on, and waits for nothing; what is copied is the site as it was when this began. No server starts on the
     copy yet. May be called again as often as you like.
  2. with the server stopped. Brings only what has changed since, and from then on servers start on the copy.

With the server stopped, once is enough for an empty database. What was interrupted goes on where it was by calling this again. A copy that is finished is
never written again: called once more, this compares, and says that all is there, or refuses where either of the two has been used since.

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
  const progressOf = (what: string) =>
    new CopyProgress({ clock, write: (line) => process.stderr.write(line) }, what, (rows) => `${rows} rows`)
  const progress = { copied: progressOf('copied'), compared: progressOf('compared') }
  const options = { url, connections: CONNECTIONS_MIN, partitions: partitionsOf(partitions) }
  const copied = await copyIntoPostgres(
    join(dataDir, DATABASE_FILE),
    { ...options, clock, random: new SystemRandom() },
    ({ step, ...at }) => progress[step].show(at),
  )
  process.stdout.write(reportOf(copied, dataDir))
  return 0
}

function reportOf({ kind, sums, written, removed }: Copied, dataDir: string): string {
  const lines = [...sums].map(([table, sum]) => `  ${table.padEnd(20)}${String(sum)}\n`)
  if (kind === 'unchanged') {
    return `Everything is there already, and alike in both databases; nothing was written:\n${lines.join('')}${keysOf(dataDir)}`
  }
  const moved = `Copied, and alike in both databases; rows written: ${written}, removed: ${removed}:\n${lines.join('')}`
  if (kind === 'finished') return `${moved}${keysOf(dataDir)}`
  return (
    `${moved}A server runs in ${dataDir}, and the site has gone on while this was copied. No server starts on the copy yet. What is left to do: ` +
    'stop that server, call the same command again, which brings what has changed since, and start on PostgreSQL.\n'
  )
}

const keysOf = (dataDir: string): string =>
  `Give the servers the master key of ${join(dataDir, MASTER_KEY_FILE)} as SATCHEL_MASTER_KEY, and those of files beside it as SATCHEL_OTHER_MASTER_KEYS, unless they have them already: what devices hold is of no use without the key it was sealed under.\n`

/** Where to copy to, from wherever it was given. */
async function urlOf(to: string | undefined): Promise<string> {
  const given = (to === '-' ? await text(process.stdin) : (to ?? process.env[COPY_TO] ?? '')).trim()
  const wrong = given === '' ? 'is missing' : databaseUrl(given)
  if (wrong === null) return given
  throw new UsageFault(
    `copy takes the URL of a PostgreSQL database, postgres://user:password@host/name, from ${COPY_TO}, from --to, or with --to - from standard input; it ${wrong}`,
  )
}

function partitionsOf(given: string | undefined): number | null {
  if (given === undefined) return null
  const count = /^\d{1,4}$/.test(given) ? Number(given) : 0
  if (count >= 2 && count <= PARTITIONS_MAX) return count
  throw new UsageFault(`--partitions takes a number from 2 to ${PARTITIONS_MAX}`)
}
