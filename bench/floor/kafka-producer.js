import { Kafka, logLevel } from 'kafkajs'
import { answerCalls } from '../process/answering.js'
import { outboxRows } from '../seed/outbox.js'

/**
 * The least that publishing costs: the messages are there in memory, and a producer for each shard sends its own in batches, one after the other, each
 * acknowledged by the broker before the next.
 */
let batchesByShard = []

answerCalls({
  prepare({ batch, ...options }) {
    const byShard = new Map()
    for (const row of outboxRows(options)) {
      const messages = byShard.get(row.shard) ?? []
      byShard.set(row.shard, messages)
      messages.push({
        partition: row.partition,
        key: row.identity,
        value: row.payload,
        headers: {
          id: row.id,
          type: 'change',
          epoch: '1',
          previousEpoch: String(Math.min(1, row.count - 1)),
          previousSyncCount: String(row.count - 1),
          schemaVersion: '1',
          leaseEpoch: '1',
        },
      })
    }
    batchesByShard = [...byShard.values()].map((messages) =>
      Array.from({ length: Math.ceil(messages.length / batch) }, (_, at) =>
        messages.slice(at * batch, (at + 1) * batch),
      ),
    )
  },

  async send({ brokers, topic }) {
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } })
    const producers = batchesByShard.map(() =>
      kafka.producer({ allowAutoTopicCreation: false, maxInFlightRequests: 1 }),
    )
    await Promise.all(producers.map((producer) => producer.connect()))
    const startedAt = performance.now()
    await Promise.all(
      batchesByShard.map(async (batches, at) => {
        for (const messages of batches) await producers[at].send({ topic, messages, acks: -1 })
      }),
    )
    const seconds = (performance.now() - startedAt) / 1_000
    await Promise.all(producers.map((producer) => producer.disconnect()))
    return { seconds }
  },
})
