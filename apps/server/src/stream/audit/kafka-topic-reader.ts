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
/** Until a broker that has just started knows who keeps the groups. */
const RETRY = { retries: 8, initialRetryTime: 200, maxRetryTime: 2_000, factor: 0.2, multiplier: 2 } as const

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
    for (let tries = 0; tries < this.options.connections.brokers; tries++) {
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
    const topic = this.options.topicPrefix + streamName
    const groupId = `satchel-audit-${this.options.random.uuid()}`
    await this.connected(async (client) => {
      const consumer = client.consumer({
        groupId,
        allowAutoTopicCreation: false,
        maxWaitTimeInMs: FETCH_WAIT_MS,
        maxBytesPerPartition: FETCH_BYTES_MAX,
        retry: { ...RETRY, restartOnFailure: () => Promise.resolve(false) },
      })
      try {
        await consumer.connect()
        await consumer.subscribe({ topics: [topic], fromBeginning: true })
        await this.untilEnd({ consumer, topic, open }, (payload) => take(messagesOf(streamName, payload, open)))
      } catch (thrown) {
        throw new Error(`the topic ${topic} cannot be read: ${kafkaFaultOf(thrown).reason}`, { cause: thrown })
      } finally {
        await consumer.disconnect().catch(() => undefined)
        await withAdmin(client, (admin) => admin.deleteGroups([groupId])).catch(() => undefined)
      }
    })
  }

  /** Resolves once no partition is open any more. */
  private untilEnd(
    { consumer, topic, open }: Readonly<{ consumer: Consumer; topic: string; open: Map<number, number> }>,
    take: (payload: EachBatchPayload) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const silent = () => reject(new Error(`no message of ${topic} within ${SILENT_MS_MAX} ms, though there are more`))
      let cancel = this.options.clock.after(SILENT_MS_MAX, silent)
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
      const eachBatch = (payload: EachBatchPayload): Promise<void> => {
        cancel()
        cancel = this.options.clock.after(SILENT_MS_MAX, silent)
        const { partition } = payload.batch
        try {
          take(payload)
        } catch (defect) {
          reject(defect instanceof Error ? defect : new Error('a batch could not be taken', { cause: defect }))
        }
        if (Number(payload.batch.lastOffset()) >= (open.get(partition) ?? 0) - 1) open.delete(partition)
        if (open.size === 0) {
          cancel()
          resolve()
        }
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
