import type { KafkaConfig } from '../config/kafka-config.js'
import type { Clock } from '../runtime/clock.js'
import { KafkaConnections, type KafkaLog } from './kafka-connection.js'
import { KafkaPublisher, SEND_MS_MAX } from './kafka-publisher.js'
import { KafkaTopics } from './kafka-topics.js'
import type { OpenPublisher } from './publisher.js'

/** What the server has of a Kafka. Nothing is connected, or even loaded, before it is used. */
export type Kafka = Readonly<{ openPublisher: OpenPublisher; topics: KafkaTopics }>

/** Publishers and looks at topics rotate the brokers apart from each other. `log` hears what the client library says. */
export function openKafka(config: KafkaConfig, { clock, log }: Readonly<{ clock: Clock; log: KafkaLog }>): Kafka {
  const publishing = new KafkaConnections(config, log)
  return {
    openPublisher: () => new KafkaPublisher(publishing.next(SEND_MS_MAX), clock),
    topics: new KafkaTopics(new KafkaConnections(config, log), clock),
  }
}
