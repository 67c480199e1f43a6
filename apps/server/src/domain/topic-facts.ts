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
