import type { Admin, Consumer, EachBatchPayload, IHeaders, Kafka } from 'kafkajs'
import type { Clock } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import type { KafkaConnection, KafkaConnections } from '../kafka-connection.js'
import { kafkaFaultOf, MISSING_TOPIC } from '../kafka-fault.js'
import type { PartitionBounds, TopicMessage, TopicReader } from './topic-reader.js'

/** For a single answer of a broker. */
const ANSWER_MS_MAX = 10_000
/** A broker that hands nothing over for this long, though there is more, is given up. */
export const SILENT_MS_MAX = 60_000
/** How long a fetch may wait for messages; the group can only be left between two of them. */
const FETCH_WAIT_MS = 100
const FETCH_BYTES_MAX = 4 * 1_048_576
/** A broker that was never asked for a group has to find a place for groups first. */
const TRIES_MAX = 10
const RETRY_MS = 200
const NEVER_AGAIN = { retries: 0, initialRetryTime: 100, maxRetryTime: 1_000, factor: 0.2, multiplier: 2 } as const

export type KafkaTopicReaderOptions = Readonly<{
  connections: KafkaConnections
  clock: Clock
  random: Random
  topicPrefix: string
}>

/**
 * Reads topics of a real Kafka through a consumer group that it makes up, commits nothing in, and deletes: the client library cannot read otherwise. The
 * login must therefore be allowed to read groups whose names begin with `satchel-audit-`.
 */
export class KafkaTopicReader implements TopicReader {
  constructor(private readonly options: KafkaTopicReaderOptions) {}

  async bounds(streamName: string): Promise<readonly PartitionBounds[] | null> {
    const topic = this.options.topicPrefix + streamName
    let reason = ''
    for (let tries = 0; tries < this.options.connections.count; tries++) {
      try {
        const offsets = await this.connected((client) => withAdmin(client, (admin) => admin.fetchTopicOffsets(topic)))
        return offsets
          .map(({ partition, low, high }) => ({ partition, start: Number(low), end: Number(high) }))
          .sort((a, b) => a.partition - b.partition)
      } catch (thrown) {
        const fault = kafkaFaultOf(thrown)
        if (fault.type !== null && MISSING_TOPIC.has(fault.type)) return null
        reason = fault.reason
      }
    }
    throw new Error(`the topic ${topic} cannot be looked at: ${reason}`)
  }

  async read(
    streamName: string,
    bounds: readonly PartitionBounds[],
    take: (messages: readonly TopicMessage[]) => void,
  ): Promise<void> {
    const open = new Map(bounds.filter(({ start, end }) => end > start).map(({ partition, end }) => [partition, end]))
    if (open.size === 0) return
    let begun = false
    const begin = (payload: EachBatchPayload) => {
      begun = true
      take(messagesOf(streamName, payload, open))
    }
    for (let tries = 1; ; tries++) {
      const reason = await this.readAll(this.options.topicPrefix + streamName, open, begin)
      if (reason === null) return
      // Nothing may be handed over twice.
      if (begun || tries === TRIES_MAX) throw new Error(`the topic of stream ${streamName} cannot be read: ${reason}`)
      await new Promise<void>((done) => this.options.clock.after(RETRY_MS * tries, done))
    }
  }

  /** Why it did not come to the end; null when it did. */
  private readAll(
    topic: string,
    open: Map<number, number>,
    take: (payload: EachBatchPayload) => void,
  ): Promise<string | null> {
    const groupId = `satchel-audit-${this.options.random.uuid()}`
    return this.connected(async (client) => {
      const consumer = client.consumer({
        groupId,
        allowAutoTopicCreation: false,
        maxWaitTimeInMs: FETCH_WAIT_MS,
        maxBytesPerPartition: FETCH_BYTES_MAX,
        retry: { ...NEVER_AGAIN, restartOnFailure: () => Promise.resolve(false) },
      })
      try {
        await consumer.connect()
        await consumer.subscribe({ topics: [topic], fromBeginning: true })
        return await this.untilEnd({ consumer, open }, take)
      } catch (thrown) {
        return kafkaFaultOf(thrown).reason
      } finally {
        await consumer.disconnect().catch(() => undefined)
        await withAdmin(client, (admin) => admin.deleteGroups([groupId])).catch(() => undefined)
      }
    })
  }

  /** Resolves once no partition is open any more, or with the reason why nothing comes. */
  private untilEnd(
    { consumer, open }: Readonly<{ consumer: Consumer; open: Map<number, number> }>,
    take: (payload: EachBatchPayload) => void,
  ): Promise<string | null> {
    return new Promise((resolve, reject) => {
      const silence = () =>
        this.options.clock.after(SILENT_MS_MAX, () =>
          resolve(`no message within ${SILENT_MS_MAX / 1_000} s, though there are more`),
        )
      let cancel = silence()
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
      const eachBatch = (payload: EachBatchPayload): Promise<void> => {
        cancel()
        take(payload)
        const { partition } = payload.batch
        if (Number(payload.batch.lastOffset()) >= (open.get(partition) ?? 0) - 1) open.delete(partition)
        if (open.size === 0) resolve(null)
        else cancel = silence()
        return Promise.resolve()
      }
      consumer.run({ autoCommit: false, eachBatch }).catch(reject)
    })
  }

  private async connected<T>(work: (client: Kafka) => Promise<T>): Promise<T> {
    const connection: KafkaConnection = this.options.connections.next(ANSWER_MS_MAX)
    try {
      return await work(await connection.client())
    } finally {
      connection.close()
    }
  }
}

async function withAdmin<T>(client: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = client.admin()
  try {
    await admin.connect()
    return await work(admin)
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}

/** What was written since the audit took the end is left out. */
function messagesOf(
  streamName: string,
  { batch }: EachBatchPayload,
  open: ReadonlyMap<number, number>,
): readonly TopicMessage[] {
  const end = open.get(batch.partition) ?? 0
  return batch.messages
    .filter(({ offset }) => Number(offset) < end)
    .map(({ timestamp, key, value, headers }) => ({
      streamName,
      partition: batch.partition,
      timestamp: Number(timestamp),
      key: key?.toString() ?? null,
      value: value?.toString() ?? null,
      headers: textHeaders(headers),
    }))
}

const textHeaders = (headers: IHeaders = {}): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(Array.isArray(value) ? value[0] : value)]],
    ),
  )
