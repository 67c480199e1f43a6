import type { PublishOutcome } from './publisher.js'

/** What an error of the client library comes down to. */
export type KafkaFault = Readonly<{
  /** Kafka's own name of the error, such as `MESSAGE_TOO_LARGE`; null when it came from elsewhere. */
  type: string | null
  /** For logs: never holds a value or a password. */
  reason: string
}>

/** Looks below what the library wraps errors in when it gives up: the truth is in the cause. */
export function kafkaFaultOf(thrown: unknown): KafkaFault {
  let root = thrown
  for (let depth = 0; depth < CAUSES_MAX && root instanceof Error && root.cause instanceof Error; depth++)
    root = root.cause
  if (!(root instanceof Error)) return { type: null, reason: 'something that is no error was thrown' }
  const type = 'type' in root && typeof root.type === 'string' ? root.type : null
  // What others throw, a TypeError for instance, may quote what they choked on.
  const known = root.name.startsWith('KafkaJS')
  const words = known ? `: ${root.message.replaceAll(/\s+/g, ' ').slice(0, REASON_LENGTH_MAX)}` : ''
  return { type, reason: `${type ?? root.name}${words}` }
}

/** What a failed send means for the messages in it (V44). */
export function outcomeOfFault(thrown: unknown): PublishOutcome {
  const { type, reason } = kafkaFaultOf(thrown)
  if (type !== null && TOO_LARGE.has(type)) return { kind: 'too-large' }
  // A refused login is not among these: it says nothing of a topic, and a changed password is soon put right.
  return type !== null && UNWRITABLE.has(type) ? { kind: 'unwritable', reason } : { kind: 'unknown', reason }
}

export const MISSING_TOPIC: ReadonlySet<string> = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION'])
export const FORBIDDEN_TOPIC: ReadonlySet<string> = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
])

const TOO_LARGE: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])
const UNWRITABLE: ReadonlySet<string> = new Set([...MISSING_TOPIC, ...FORBIDDEN_TOPIC])

const CAUSES_MAX = 5
const REASON_LENGTH_MAX = 200
