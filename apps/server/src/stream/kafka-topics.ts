import type { Admin, DescribeConfigResponse, ITopicMetadata } from 'kafkajs'
import type { Clock } from '../runtime/clock.js'
import type { KafkaConnections } from './kafka-connection.js'
import { FORBIDDEN_TOPIC, kafkaFaultOf, MISSING_TOPIC, type KafkaFault } from './kafka-fault.js'
import type { TopicFacts, TopicOutcome, Topics } from './topics.js'
import { within } from '../runtime/within.js'

/** An `inspect` ends within this time, whatever the brokers do. */
export const INSPECT_MS_MAX = 10_000
/** Short enough for three brokers that hang, one after another. */
const ANSWER_MS_MAX = 3_000

const TOPIC_RESOURCE = 2
const CONFIGS = [
  'max.message.bytes',
  'min.insync.replicas',
  'cleanup.policy',
  'retention.ms',
  'unclean.leader.election.enable',
] as const

type Asked<T> = Readonly<{ kind: 'answered'; answer: T }> | Readonly<{ kind: 'failed'; fault: KafkaFault }>

/** Looks at topics of a real Kafka; asks its brokers one after another until one answers. */
export class KafkaTopics implements Topics {
  constructor(
    private readonly connections: KafkaConnections,
    private readonly clock: Clock,
  ) {}

  async inspect(topic: string): Promise<TopicOutcome> {
    const asked = await this.ask(async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
      const resource = { type: TOPIC_RESOURCE, name: topic, configNames: [...CONFIGS] }
      const configs = await admin.describeConfigs({ resources: [resource], includeSynonyms: false })
      return factsOf(topics, configs)
    })
    if (asked.kind === 'answered') return { kind: 'found', facts: asked.answer }
    const { type, reason } = asked.fault
    if (type !== null && MISSING_TOPIC.has(type)) return { kind: 'missing' }
    return { kind: type !== null && FORBIDDEN_TOPIC.has(type) ? 'forbidden' : 'unreachable', reason }
  }

  /** Why no broker answers, as far as it is known; null while one does. */
  async whyUnreachable(): Promise<string | null> {
    const asked = await this.ask((admin) => admin.describeCluster())
    return asked.kind === 'answered' ? null : asked.fault.reason
  }

  /** A broker that says something about the topic has answered; any other fault makes the next one be asked. */
  private ask<T>(question: (admin: Admin) => Promise<T>): Promise<Asked<T>> {
    let last: Asked<T> = { kind: 'failed', fault: { type: null, reason: `no answer within ${INSPECT_MS_MAX} ms` } }
    let late = false
    const askAll = async (): Promise<Asked<T>> => {
      for (let tries = 0; tries < this.connections.count && !late; tries++) {
        last = await this.askOnce(question)
        if (last.kind === 'answered') return last
        const { type } = last.fault
        if (type !== null && (MISSING_TOPIC.has(type) || FORBIDDEN_TOPIC.has(type))) return last
      }
      return last
    }
    const giveUp = () => {
      late = true
      return last
    }
    return within({ clock: this.clock, ms: INSPECT_MS_MAX, late: giveUp }, askAll())
  }

  private async askOnce<T>(question: (admin: Admin) => Promise<T>): Promise<Asked<T>> {
    const connection = this.connections.next(ANSWER_MS_MAX)
    let admin: Admin | null = null
    try {
      admin = (await connection.client()).admin()
      await admin.connect()
      return { kind: 'answered', answer: await question(admin) }
    } catch (thrown) {
      return { kind: 'failed', fault: kafkaFaultOf(thrown) }
    } finally {
      connection.close()
      admin?.disconnect().catch(() => undefined)
    }
  }
}

function factsOf(topics: readonly ITopicMetadata[], { resources }: DescribeConfigResponse): TopicFacts {
  const partitions = topics[0]?.partitions ?? []
  const texts = new Map(resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]))
  const text = (name: (typeof CONFIGS)[number]): string => {
    const found = texts.get(name)
    if (found === undefined) throw new Error(`the broker did not tell ${name}`)
    return found
  }
  const retentionMs = Number(text('retention.ms'))
  return {
    partitions: partitions.length,
    batchBytesMax: Number(text('max.message.bytes')),
    replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    inSyncReplicasMin: Number(text('min.insync.replicas')),
    cleanupPolicy: text('cleanup.policy'),
    retentionMs: retentionMs < 0 ? null : retentionMs,
    uncleanElection: text('unclean.leader.election.enable') === 'true',
  }
}
