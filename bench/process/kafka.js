import { existsSync } from 'node:fs'
import { supportModule } from './bundled.js'

/**
 * A real Kafka of one broker, the one that the tests use (`test/support/kafka`); null, and a line that says so, where Java is missing. Ends with
 * the bench.
 */
export async function startKafka(say) {
  if (!existsSync('/usr/bin/java')) {
    say('NOT MEASURED: there is no Java here for Kafka to run in')
    return null
  }
  const { KafkaCluster } = await supportModule('kafka/kafka-cluster.ts')
  const cluster = await KafkaCluster.start()
  process.once('exit', () => cluster.brokers.forEach((broker) => broker.signal?.('SIGKILL')))
  return cluster
}

/** How many messages a topic holds. */
export async function messagesIn(admin, topic) {
  const offsets = await admin.fetchTopicOffsets(topic)
  return offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
}
