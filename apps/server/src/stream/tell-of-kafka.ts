import type { Logger } from 'pino'
import type { KafkaConfig } from '../config/kafka-config.js'
import type { KafkaTopics } from './kafka-topics.js'

/** Logs whether a broker answers. One that does not keeps no server from starting: datasets are served all the same (V41). */
export async function tellOfKafka(
  { brokers }: Pick<KafkaConfig, 'brokers'>,
  topics: Pick<KafkaTopics, 'whyUnreachable'>,
  log: Pick<Logger, 'info' | 'warn'>,
): Promise<void> {
  const reason = await topics.whyUnreachable()
  if (reason === null) log.info({ brokers }, 'Kafka answers')
  else log.warn({ brokers, reason }, 'no broker of Kafka answers; changes wait in the outbox until one does')
}
