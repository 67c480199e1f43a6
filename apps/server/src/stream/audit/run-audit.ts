import type { IdentityPoolId } from '@satchel/protocol'
import type { StreamTarget } from '../../domain/stream-target.js'
import type { Clock } from '../../runtime/clock.js'
import type { ChangeLog } from '../../store/change-log.js'
import { Audit, type AuditOptions } from './audit.js'
import { readMessage } from './audited-message.js'
import { Findings, type AuditResult } from './findings.js'
import { logRows, streamedDatasets, waitingOf } from './log-rows.js'
import type { PartitionBounds, TopicReader } from './topic-reader.js'

/** How far the reading of topics has come. */
export type Progress = Readonly<{ messages: number; of: number }>

export type AuditParts = Readonly<{
  log: ChangeLog
  topics: TopicReader
  /** Streams that are known beside those the change log names. */
  streams: readonly string[]
  /** Where the stream of a pool goes, or went when it was switched off; null for nowhere. Asked once for each pool. */
  targetOf: (pool: IdentityPoolId) => Promise<StreamTarget | null>
  clock: Clock
  /** False where another relay reads the outbox, so that nothing tells what it has not published yet. */
  relay: boolean
  /** Called for each batch of messages. */
  progress: (progress: Progress) => void
}>

/** Without a relay of our own, how long another one may take before what is not in the topic counts as missing. */
const OTHER_RELAY_MS_MAX = 60_000

/** Reads the store, then the topics, and judges (V71). Rejects when one of them cannot be read. */
export async function runAudit(parts: AuditParts, options: AuditOptions): Promise<AuditResult> {
  const { log, clock } = parts
  const startedAt = clock.now()
  const audit = new Audit(options)
  const targets = new Map<IdentityPoolId, StreamTarget | null>()
  for await (const dataset of streamedDatasets(log)) {
    const { pool } = dataset
    if (!targets.has(pool)) targets.set(pool, await parts.targetOf(pool))
    audit.addStored(dataset, targets.get(pool) ?? null)
  }
  for await (const page of logRows(log)) {
    const waiting = parts.relay ? await waitingOf(log, page) : null
    for (const row of page) {
      audit.addRow(row, waiting?.has(row.seq) ?? row.createdAt > startedAt - OTHER_RELAY_MS_MAX)
    }
  }

  const findings = new Findings(startedAt)
  const streams = options.streamName === null ? [...parts.streams, ...audit.streamNames] : [options.streamName]
  await readTopics(parts, [...new Set(streams)].sort(), { audit, findings })
  for await (const dataset of streamedDatasets(log)) audit.addReached(dataset)
  for (const verdict of audit.verdicts()) findings.add(verdict)

  if (findings.lacking.size > 0) {
    for await (const page of logRows(log)) for (const row of page) findings.addRow(row)
  }
  return findings.result(clock.now())
}

type Reading = Readonly<{ audit: Audit; findings: Findings }>

async function readTopics(parts: AuditParts, streams: readonly string[], { audit, findings }: Reading): Promise<void> {
  const found: { streamName: string; bounds: readonly PartitionBounds[] }[] = []
  for (const streamName of streams) {
    const bounds = await parts.topics.bounds(streamName)
    findings.addStream(streamName, bounds)
    if (bounds === null) continue
    found.push({ streamName, bounds })
    for (const partition of bounds) audit.addPartition(streamName, partition)
  }
  const of = found.flatMap(({ bounds }) => bounds).reduce((sum, { start, end }) => sum + end - start, 0)
  let messages = 0
  parts.progress({ messages, of })
  for (const { streamName, bounds } of found) {
    await parts.topics.read(streamName, bounds, (batch) => {
      for (const message of batch) {
        audit.addOldest(streamName, message.partition, message.timestamp)
        const read = readMessage(message)
        if (read === null) findings.addForeign(streamName)
        else audit.addMessage(read)
      }
      messages += batch.length
      parts.progress({ messages, of })
    })
  }
}
