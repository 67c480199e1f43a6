import { Kafka, logLevel } from 'kafkajs'
import { answerCalls } from '../process/answering.js'
import { outboxRows } from '../seed/outbox.js'

/**
 * The least that publishing costs: the messages are there in memory, and one producer sends them in batches in the order of the outbox, over all partitions, one
 * after the other, each acknowledged by the broker before the next.
 */
let batches = []

answerCalls({
  prepare({ batch, ...options }) {
    batches = []
    let messages = []
    for (const row of outboxRows(options)) {
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
      if (messages.length === batch) batches.push(messages.splice(0))
    }
    if (messages.length > 0) batches.push(messages)
  },

  async send({ brokers, topic }) {
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } })
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition,
    })
    await producer.connect()
    const startedAt = performance.now()
    for (const messages of batches) await producer.send({ topic, messages, acks: -1 })
    const seconds = (performance.now() - startedAt) / 1_000
    await producer.disconnect()
    return { seconds }
  },
})
