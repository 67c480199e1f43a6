/** One message for Kafka. */
export type Message = Readonly<{
  /** Of the topic; never left to a client library (V4). */
  partition: number
  key: string
  value: string
  headers: Readonly<Record<string, string>>
}>

export type PublishOutcome =
  /** Every message is written, and acknowledged by all replicas in sync. */
  | Readonly<{ kind: 'acknowledged' }>
  /** The broker refused the batch for its size; nothing was written. */
  | Readonly<{ kind: 'too-large' }>
  /** The topic, or a partition of it, is not there, or this server may not write to it: another try will not help by itself. */
  | Readonly<{ kind: 'unwritable'; reason: string }>
  /** Whether anything was written is unknown: broker away, timed out, too few replicas, part of an answer. */
  | Readonly<{ kind: 'unknown'; reason: string }>

/**
 * Sends messages to topics, one call at a time. After any outcome but `acknowledged` and `too-large` it must be closed and a fresh one opened: bytes of the
 * failed call may still be under way in it. Every adapter runs the suite in `publisher.contract.ts`.
 */
export interface Publisher {
  /** Messages for one partition are written in their order; over several partitions some may be written and others not. */
  publish(topic: string, messages: readonly Message[]): Promise<PublishOutcome>

  /** Gives the connection up; waits for nothing. */
  close(): void
}

/** Opens a publisher; the n-th try begins with another broker than the one before. Never rejects: an unreachable broker shows at the first `publish`. */
export type OpenPublisher = () => Publisher
