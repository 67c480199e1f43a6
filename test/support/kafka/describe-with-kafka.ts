import { describeWithService } from '../describe-with-service.js'
import { KafkaCluster, type ClusterOptions } from './kafka-cluster.js'
import { missingForKafka } from './kafka-jars.js'

/** Brokers start, are killed and come back in these tests, on machines that may have more to do. */
const TEST_MS_MAX = 180_000
/** The first run of all fetches Kafka. */
const START_MS_MAX = 420_000

const sayMissing = (missing: readonly string[]): string =>
  `NOT TESTED: ${missing.join(', ')} not installed here, so nothing was tried with a real Kafka. Debian: apt-get install ` +
  'openjdk-17-jre-headless maven kcat openssl (Maven is only needed until .cache holds Kafka).'

/** Tests that need a real Kafka, with these options; see `describeWithService`. */
export function describeWithKafka(
  name: string,
  options: ClusterOptions | (() => ClusterOptions),
  tests: (kafka: () => KafkaCluster) => void,
): void {
  import.meta.jest.setTimeout(TEST_MS_MAX)
  const missing = missingForKafka()
  const kafka = {
    what: 'a Kafka',
    missing: missing.length > 0 ? sayMissing(missing) : null,
    start: () => KafkaCluster.start(typeof options === 'function' ? options() : options),
    startMsMax: START_MS_MAX,
  }
  describeWithService(kafka, name, tests)
}
