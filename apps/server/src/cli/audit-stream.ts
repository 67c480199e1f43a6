import type { SyncCount } from '@satchel/protocol'
import { join } from 'node:path'
import { readConfig, type Config } from '../config/config.js'
import { SystemClock } from '../runtime/clock.js'
import { SystemRandom } from '../runtime/random.js'
import { DATABASE_FILE } from '../store/database-file.js'
import { openChangeLog, type OpenedChangeLog } from '../store/typeorm/open-change-log.js'
import { auditJson, auditReport } from '../stream/audit/audit-report.js'
import type { AuditOptions } from '../stream/audit/audit.js'
import type { AuditResult } from '../stream/audit/findings.js'
import { KafkaTopicReader } from '../stream/audit/kafka-topic-reader.js'
import { ProgressLine } from '../stream/audit/progress-line.js'
import { repair } from '../stream/audit/repair.js'
import { replay } from '../stream/audit/replay.js'
import type { RepublishParts } from '../stream/audit/republish.js'
import { runAudit, type AuditParts } from '../stream/audit/run-audit.js'
import { KafkaConnections } from '../stream/kafka-connection.js'
import { openKafka } from '../stream/kafka.js'
import { UsageFault } from './command.js'
import { optionsOf } from './options.js'

export const usage = `npx satchel audit-stream [options]

Reads the store, then every topic that changes went to, and proves dataset by dataset that each change of the stream is there, once at
least, in order, in one partition. Runs beside the server, in its data directory, with its settings (SATCHEL_DATA_DIR or SATCHEL_DATABASE_URL, SATCHEL_KAFKA_...).
Nothing is altered without --repair or --replay.

  --pool <id>        only this identity pool
  --stream <name>    only this stream; also finds one that the change log no longer names
  --whole-topics     also what a topic no longer holds at its beginning counts as missing: for a topic of which
                     more was removed than its retention asks for
  --repair           publishes again, for each dataset with a missing change, everything from that one to the
                     newest, in order, as far as the change log reaches; then audits again
  --replay <identity>/<dataset> --from <count>
                     publishes one dataset's changes from that count on again, and does nothing else
  --json             the report as one line of JSON
  --help

Exit codes: 0 all is there; 1 something is missing, out of order, or not what the store says; 2 it could not be found out.
`

const OPTIONS = {
  pool: { type: 'string' },
  stream: { type: 'string' },
  'whole-topics': { type: 'boolean' },
  repair: { type: 'boolean' },
  replay: { type: 'string' },
  from: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

const [FINE, FAULTY, NOT_AUDITED] = [0, 1, 2]
/** What a server writes while a repair is under way may come between its messages, and has to be repaired behind it. */
const REPAIRS_MAX = 3

export async function run(args: readonly string[]): Promise<number> {
  const options = optionsOf(OPTIONS, args)
  if (options.help === true) {
    process.stdout.write(usage)
    return FINE
  }
  const replayed = replayOf(options)
  try {
    return await withParts(async (parts) => {
      if (replayed !== null) return await replayDataset(parts, replayed)
      const scope = { pool: options.pool ?? null, streamName: options.stream ?? null }
      const audited = { ...scope, wholeTopics: options['whole-topics'] ?? false }
      const result = await auditAndRepair(parts, audited, options.repair ?? false)
      process.stdout.write(options.json === true ? auditJson(result) : auditReport(result))
      return result.counts.faulty === 0 ? FINE : FAULTY
    })
  } catch (fault) {
    process.stderr.write(
      `the stream could not be audited: ${fault instanceof Error ? fault.message : 'why is unknown'}\n`,
    )
    return NOT_AUDITED
  }
}

type Parts = AuditParts & RepublishParts

async function withParts<T>(work: (parts: Parts) => Promise<T>): Promise<T> {
  const config = readConfig(process.env)
  if (config.kafka === null) throw new Error('SATCHEL_KAFKA_BROKERS is not set, so there is no stream')
  const [clock, random] = [new SystemClock(), new SystemRandom()]
  const { topicPrefix } = config.kafka
  const log = () => undefined // what the client library says besides comes with the error
  const connections = new KafkaConnections(config.kafka, log)
  const opened = await openedChangeLog(config)
  const progress = new ProgressLine(clock, (line) => process.stderr.write(line))
  try {
    return await work({
      log: opened.changeLog,
      streams: (await opened.pools.streaming()).map(({ streamName }) => streamName),
      targetOf: async (pool) => (await opened.pools.syncSettings(pool))?.cognitoStreams?.target ?? null,
      topics: new KafkaTopicReader({ connections, clock, random, topicPrefix }),
      clock,
      relay: config.stream.relay,
      progress: (at) => progress.show(at),
      openPublisher: openKafka(config.kafka, { clock, log }).openPublisher,
      topicPrefix,
    })
  } finally {
    await opened.close()
  }
}

async function openedChangeLog({ databaseUrl: url, dataDir }: Config): Promise<OpenedChangeLog> {
  if (url === null) return openChangeLog(join(dataDir, DATABASE_FILE))
  // Its driver is loaded only where it is wanted.
  const { openPostgresChangeLog } = await import('../store/typeorm/postgres/open-postgres-change-log.js')
  return openPostgresChangeLog({ url, clock: new SystemClock(), random: new SystemRandom() })
}

async function auditAndRepair(parts: Parts, options: AuditOptions, repairs: boolean): Promise<AuditResult> {
  let result = await runAudit(parts, options)
  for (let round = 0; repairs && round < REPAIRS_MAX && isRepairable(result, round); round++) {
    const { published, tooLarge } = await repair(parts, result)
    process.stderr.write(`published ${published} changes again; auditing once more\n`)
    if (tooLarge > 0) process.stderr.write(`${tooLarge} changes are too large for their topic as it is set now\n`)
    result = await runAudit(parts, options)
  }
  return result
}

/** At first even what stands behind a change that is lost is published: some of it may be missing too. */
const isRepairable = ({ lacking }: AuditResult, round: number): boolean =>
  [...lacking.values()].map((reach) => reach.end()).some(({ from, rows }) => from !== null || (round === 0 && rows > 0))

type Replay = Parameters<typeof replay>[1]

function replayOf({ replay: path, from }: Readonly<{ replay?: string; from?: string }>): Replay | null {
  if (path === undefined && from === undefined) return null
  const [, identity, dataset] = /^([^/]+)\/([^/]+)$/.exec(path ?? '') ?? []
  if (identity === undefined || dataset === undefined) {
    throw new UsageFault('--replay takes an identity id and a dataset name, joined by a slash')
  }
  if (from === undefined || !/^[1-9]\d{0,14}$/.test(from)) {
    throw new UsageFault('--replay needs --from with a sync count, 1 or above')
  }
  const cursor = { identity, dataset } as Replay['dataset']
  return { dataset: cursor, from: Number(from) as SyncCount }
}

async function replayDataset(parts: Parts, asked: Replay): Promise<number> {
  const { published, tooLarge, from, complete } = await replay(parts, asked)
  process.stdout.write(
    from === null
      ? `The change log has nothing of this dataset from count ${asked.from} on.\n`
      : `Published ${published} changes again, from count ${from} on.\n`,
  )
  if (from !== null && !complete)
    process.stdout.write(`The change log no longer has those from count ${asked.from} to ${from}.\n`)
  if (tooLarge > 0) process.stdout.write(`${tooLarge} changes are too large for their topic as it is set now.\n`)
  return complete && tooLarge === 0 ? FINE : FAULTY
}
