import { KafkaCluster, type ClusterOptions } from './kafka-cluster.js'
import { missingForKafka } from './kafka-jars.js'

/** Brokers start, are killed and come back in these tests, on machines that may have more to do. */
const TEST_MS_MAX = 180_000
/** The first run of all fetches Kafka. */
const START_MS_MAX = 420_000

const sayMissing = (missing: readonly string[]): string =>
  `NOT TESTED: ${missing.join(', ')} not installed here, so nothing was tried with a real Kafka. Debian: apt-get install ` +
  'openjdk-17-jre-headless maven kcat openssl (Maven is only needed until .cache holds Kafka).'

/**
 * Tests that need a real Kafka, which is started for all of them together and ended whatever becomes of them. Where it cannot run they are
 * replaced by a single one, which says so aloud, and fails where CI asks for everything.
 */
export function describeWithKafka(
  name: string,
  options: ClusterOptions | (() => ClusterOptions),
  tests: (kafka: () => KafkaCluster) => void,
): void {
  import.meta.jest.setTimeout(TEST_MS_MAX)
  const missing = missingForKafka()
  if (missing.length > 0) {
    describe(name, () => {
      test('a Kafka is there, or its absence is said aloud', () => {
        if (process.env['CI'] === 'true') throw new Error(sayMissing(missing))
        process.stderr.write(`\n${'!'.repeat(80)}\n${sayMissing(missing)}\n${'!'.repeat(80)}\n\n`)
      })
    })
    return
  }
  describe(name, () => {
    let cluster: KafkaCluster | null = null
    beforeAll(async () => {
      cluster = await KafkaCluster.start(typeof options === 'function' ? options() : options)
    }, START_MS_MAX)
    afterAll(() => cluster?.end())
    tests(() => cluster!)
  })
}
