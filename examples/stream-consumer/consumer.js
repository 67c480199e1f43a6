/*
 * Counts what happens each day, from a change stream. Processes, then commits: a change may come twice and is counted once, because the
 * count and the position of its dataset are written in one transaction. See README.md.
 */
import { Kafka, logLevel } from 'kafkajs'
import { Activity } from './activity.js'
import { changeOf, withRecords } from './change.js'

const {
  KAFKA_BROKERS = '127.0.0.1:9092',
  TOPIC = 'changes',
  GROUP = 'satchel-activity',
  DATABASE = 'activity.db',
} = process.env
const PRINT_MS = 1_000

const kafka = new Kafka({ brokers: KAFKA_BROKERS.split(','), clientId: 'activity', logLevel: logLevel.ERROR })
const activity = new Activity(DATABASE)
const consumer = kafka.consumer({
  groupId: GROUP,
  allowAutoTopicCreation: false,
  maxWaitTimeInMs: 500,
  // How long the partitions of a process that was killed wait for another.
  sessionTimeout: 6_000,
  rebalanceTimeout: 10_000,
  heartbeatInterval: 2_000,
})
let printed = null
const shortened = await shortenedPartitions()

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await consumer.disconnect()
    clearTimeout(printed)
    console.table(activity.rows())
    activity.close()
    process.exit() // it may have been told while it was still starting
  })
}

await consumer.connect()
await consumer.subscribe({ topics: [TOPIC], fromBeginning: true })
await consumer.run({
  autoCommit: false,
  eachBatchAutoResolve: false,
  eachBatch: async ({ batch, heartbeat, resolveOffset }) => {
    const changes = batch.messages.map(changeOf).filter((change) => change !== null)
    const whole = []
    for (const change of changes) {
      whole.push(await withRecords(change))
      await heartbeat()
    }
    const { taken, repeated, ahead } = activity.take(whole, { begun: shortened.has(batch.partition) })
    for (const { identity, dataset, previousEpoch, previous } of ahead) {
      process.stderr.write(
        `${identity}/${dataset} waits for its change ${previous} of epoch ${previousEpoch}: npx satchel audit-stream --repair\n`,
      )
    }
    const offset = String(BigInt(batch.lastOffset()) + 1n)
    await consumer.commitOffsets([{ topic: TOPIC, partition: batch.partition, offset }])
    resolveOffset(batch.lastOffset())
    process.stderr.write(`partition ${batch.partition}: ${taken} taken, ${repeated} passed over\n`)
    print()
  },
})

/** Partitions of which retention has taken the beginning: a dataset's first change there need not be its first. */
async function shortenedPartitions() {
  const admin = kafka.admin()
  await admin.connect()
  const offsets = await admin.fetchTopicOffsets(TOPIC)
  await admin.disconnect()
  return new Set(offsets.filter(({ low }) => low !== '0').map(({ partition }) => partition))
}

/** The table, at most once a second. */
function print() {
  printed ??= setTimeout(() => {
    printed = null
    console.table(activity.rows())
  }, PRINT_MS)
}
