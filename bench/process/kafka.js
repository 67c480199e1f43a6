import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const CLUSTER = new URL('../../test/support/kafka/kafka-cluster.ts', import.meta.url)
const BUILT = fileURLToPath(new URL('../../.cache/bench/kafka-cluster.js', import.meta.url))

/**
 * A real Kafka of one broker, the one that the tests use (`test/support/kafka`); null, and a line that says so, where Java is missing. Ends with
 * the bench.
 */
export async function startKafka(say) {
  if (!existsSync('/usr/bin/java')) {
    say('NOT MEASURED: there is no Java here for Kafka to run in')
    return null
  }
  await build({
    entryPoints: [fileURLToPath(CLUSTER)],
    outfile: BUILT,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    // What it finds beside itself (the jars, Maven's file) is where the source is, not the built file.
    define: { 'import.meta.url': JSON.stringify(CLUSTER.href) },
  })
  const { KafkaCluster } = await import(BUILT)
  const cluster = await KafkaCluster.start()
  process.once('exit', () => cluster.brokers.forEach((broker) => broker.signal?.('SIGKILL')))
  return cluster
}

/** How many messages a topic holds. */
export async function messagesIn(admin, topic) {
  const offsets = await admin.fetchTopicOffsets(topic)
  return offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
}
