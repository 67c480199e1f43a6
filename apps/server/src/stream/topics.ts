import type { TopicFacts } from '../domain/topic-facts.js'

export type { TopicFacts } from '../domain/topic-facts.js'

export type TopicOutcome =
  | Readonly<{ kind: 'found'; facts: TopicFacts }>
  | Readonly<{ kind: 'missing' }>
  /** The server may not look at it. */
  | Readonly<{ kind: 'forbidden'; reason: string }>
  | Readonly<{ kind: 'unreachable'; reason: string }>

/** Looks at topics. `KafkaTopics` asks a broker; `testing/memory-kafka.ts` is the model of one. */
export interface Topics {
  /** Answers within about 10 seconds. */
  inspect(topic: string): Promise<TopicOutcome>
}
