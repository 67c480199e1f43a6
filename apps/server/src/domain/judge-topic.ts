import type { TopicFacts } from './topic-facts.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/**
 * Room in a batch for everything that is no payload: 61 bytes of the batch's own header, lengths and offsets of the record, the
 * identity's id as key, and the headers, of which the event id with a merged dataset's long name is the largest.
 */
export const MESSAGE_OVERHEAD_BYTES = 2_048

/** A topic has to take this much at least, or not even the link to a change's records would fit with certainty. */
export const BATCH_BYTES_MIN = 16_384

/** Below this, ordinary changes become links. */
export const BATCH_BYTES_ADVISED = 65_536

/** Payloads above this become links whatever the topic takes: consumers hold them in memory, and brokers hang up on 100 MiB. */
export const PAYLOAD_BYTES_MAX = 8 * 1_048_576

export type TopicVerdict =
  | Readonly<{
      kind: 'usable'
      partitions: number
      payloadBytesMax: number
      /** Sentences about what may lose messages, or make them hard to read, though they can be written. */
      warnings: readonly string[]
    }>
  | Readonly<{ kind: 'refused'; fault: string }>

/**
 * Decides whether a stream may go to a topic (V52), and to how many of its partitions: those it had when it was enabled before, so that no
 * dataset ever moves to another one (V4, V53). Faults and warnings are sentences that begin with the topic's name.
 */
export function judgeTopic(
  facts: TopicFacts,
  stream: Readonly<{
    topic: string
    /** Partitions the same stream has used; null for a new one. */
    partitionsHeld: number | null
    /** How long the server keeps its own log of changes. */
    changeLogMs: number
  }>,
): TopicVerdict {
  const { topic, partitionsHeld } = stream
  const fault = faultIn(facts, partitionsHeld)
  if (fault !== null) return { kind: 'refused', fault: `topic "${topic}" ${fault}` }
  return {
    kind: 'usable',
    partitions: partitionsHeld ?? facts.partitions,
    payloadBytesMax: Math.min(facts.batchBytesMax - MESSAGE_OVERHEAD_BYTES, PAYLOAD_BYTES_MAX),
    warnings: concernsAbout(facts, stream).map((concern) => `topic "${topic}" ${concern}`),
  }
}

function faultIn(facts: TopicFacts, partitionsHeld: number | null): string | null {
  const { partitions, batchBytesMax, replicas, inSyncReplicasMin, cleanupPolicy } = facts
  if (partitions < 1) return 'has no partition'
  if (cleanupPolicy.split(',').some((policy) => policy.trim() === 'compact')) {
    return `is compacted (cleanup.policy=${cleanupPolicy}): Kafka would remove all but the newest change of each identity`
  }
  if (inSyncReplicasMin > replicas) {
    return `can never be written: min.insync.replicas is ${inSyncReplicasMin}, and it has ${counted(replicas, 'replica')}`
  }
  if (batchBytesMax < BATCH_BYTES_MIN) {
    return `takes batches of ${batchBytesMax} bytes at most (max.message.bytes); at least ${BATCH_BYTES_MIN} are needed`
  }
  if (partitionsHeld !== null && partitions < partitionsHeld) {
    return (
      `has ${counted(partitions, 'partition')} now, and the stream was enabled with ${partitionsHeld}: ` +
      'datasets would move to other partitions; give the stream another name, that of a new topic'
    )
  }
  return null
}

function concernsAbout(
  facts: TopicFacts,
  { partitionsHeld, changeLogMs }: Readonly<{ partitionsHeld: number | null; changeLogMs: number }>,
): readonly string[] {
  const concerns: string[] = []
  const { partitions, batchBytesMax, replicas, inSyncReplicasMin, retentionMs, uncleanElection } = facts
  if (replicas === 1) concerns.push('has one replica: what is published is lost with the disk of its broker')
  else if (inSyncReplicasMin === 1) {
    concerns.push('has min.insync.replicas=1: a change may be acknowledged by one broker only, and be lost with it')
  }
  if (uncleanElection) {
    concerns.push('has unclean.leader.election.enable=true: a broker that missed changes may become its leader')
  }
  if (retentionMs !== null && retentionMs < DAY) {
    concerns.push(`keeps messages for ${shown(retentionMs)} only: a consumer that is away for longer misses changes`)
  } else if (retentionMs !== null && retentionMs < changeLogMs) {
    concerns.push(
      `keeps messages for ${shown(retentionMs)}, this server its change log for ${shown(changeLogMs)}: the older part of it cannot be compared with the topic`,
    )
  }
  if (batchBytesMax < BATCH_BYTES_ADVISED) {
    concerns.push(
      `takes batches of ${batchBytesMax} bytes at most (max.message.bytes): changes larger than that are published as links`,
    )
  }
  if (partitionsHeld !== null && partitions > partitionsHeld) {
    concerns.push(
      `has ${partitions} partitions; the stream stays on the first ${partitionsHeld}, which it had when it was enabled before, so that no dataset moves`,
    )
  }
  return concerns
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** A span in the largest unit that says it exactly enough. */
function shown(ms: number): string {
  if (ms >= 2 * DAY) return `${Math.floor(ms / DAY)} days`
  if (ms >= 2 * HOUR) return `${Math.floor(ms / HOUR)} hours`
  return `${Math.floor(ms / 60_000)} minutes`
}
