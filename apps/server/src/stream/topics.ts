/** What a topic is like, as far as a change stream cares. */
export type TopicFacts = Readonly<{
  partitions: number
  /** `max.message.bytes`: of a batch as written. */
  batchBytesMax: number
  replicas: number
  /** `min.insync.replicas` */
  inSyncReplicasMin: number
  /** `cleanup.policy`, for instance `delete`. */
  cleanupPolicy: string
  /** `retention.ms`; null for no end. */
  retentionMs: number | null
  /** `unclean.leader.election.enable` */
  uncleanElection: boolean
}>

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
