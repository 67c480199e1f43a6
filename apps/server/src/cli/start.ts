import { readConfig } from '../config/config.js'
import { ConfigFault } from '../config/config-fault.js'
import { settingsHelp } from '../config/settings-help.js'
import { createLog } from '../ops/log.js'
import { SystemClock } from '../runtime/clock.js'
import { createServer } from '../serve.js'
import { newEpoch, NodesAtWork } from './new-epoch.js'
import { optionsOf } from './options.js'

export const usage = 'npx satchel [start] [--new-epoch] [--help]\n'

const START_OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  'new-epoch': { type: 'boolean' },
} as const

/** Longer than a drain may take; what hangs beyond it must not keep the process alive. */
const EXIT_MS_MAX = 9_500

async function main(): Promise<void> {
  process.umask(0o077) // what is made in the data directory is for this user only
  const config = readConfig(process.env)
  const log = createLog(config.logLevel)
  const flushed = () => new Promise<void>((done) => log.flush(() => done()))

  // A defect: nothing is known of the state any more, so nothing goes on. Everything acknowledged is durable.
  const defect = (kind: string) => (err: unknown) => {
    log.fatal({ err }, kind)
    void flushed().finally(() => process.exit(1))
  }
  process.on('uncaughtException', defect('an exception was not caught'))
  process.on('unhandledRejection', defect('a rejection was not handled'))

  const server = await createServer(config, { log })
  // Standard output is for the log alone, so that whoever collects it finds JSON in every line.
  process.stderr.write(server.welcome)

  const stop = (signal: NodeJS.Signals) => {
    log.info({ signal }, 'stopping')
    new SystemClock().after(EXIT_MS_MAX, () => process.exit(1))
    server.close().then(
      () => {
        log.info('stopped')
        void flushed().finally(() => process.exit(0))
      },
      (err: unknown) => defect('the server did not stop cleanly')(err),
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

/** Starts the server, which then runs until it is told to stop. */
export async function run(args: readonly string[]): Promise<number | null> {
  const options = optionsOf(START_OPTIONS, args)
  if (options.help === true) {
    process.stdout.write(settingsHelp())
    return 0
  }
  try {
    await (options['new-epoch'] === true ? newEpoch() : main())
  } catch (fault) {
    throw new Error(sentenceOf(fault), { cause: fault })
  }
  return options['new-epoch'] === true ? 0 : null
}

/** What keeps a server from starting is told in sentences; only a defect shows where it happened. */
function sentenceOf(fault: unknown): string {
  if (fault instanceof ConfigFault || fault instanceof NodesAtWork) return fault.message
  if (!(fault instanceof Error)) return 'the server could not start'
  const code = (fault as NodeJS.ErrnoException).code
  if (code === 'EADDRINUSE' || code === 'EACCES') return `the port cannot be listened on: ${fault.message}`
  return `the server could not start: ${fault.message}`
}
