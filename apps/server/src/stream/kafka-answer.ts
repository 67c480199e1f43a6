import type { RecordMetadata } from 'kafkajs'
import type { Message, PublishOutcome } from './publisher.js'

/** What was sent in one call. */
export type Sent = Readonly<{ topic: string; messages: readonly Message[] }>

/** The lowest offset that the next batch of a partition can have. */
export type NextOffsets = ReadonlyMap<number, bigint>

/**
 * Judges the answer to a send: it acknowledges only when each partition sent to has exactly one entry without an error, at an offset behind
 * what was acknowledged before (V42). The client library resolves with an empty answer, and writes nothing, where it does not know a partition.
 */
export function judgeAnswer(sent: Sent, answer: readonly RecordMetadata[], nextOffsets: NextOffsets): PublishOutcome {
  const partitions = [...new Set(sent.messages.map(({ partition }) => partition))]
  const entriesOf = (partition: number) =>
    answer.filter((entry) => entry.topicName === sent.topic && entry.partition === partition)

  const missing = partitions.filter((partition) => entriesOf(partition).length === 0)
  if (missing.length > 0) {
    return {
      kind: 'unwritable',
      reason: `${sent.topic} has no partition ${missing.join(', ')} as far as this connection knows`,
    }
  }
  if (answer.length !== partitions.length)
    return unknown(`${answer.length} entries for ${partitions.length} partitions`)
  for (const { partition, errorCode, baseOffset } of answer) {
    if (errorCode !== 0) return unknown(`partition ${partition} answered with error ${errorCode}`)
    const offset = BigInt(baseOffset ?? '-1')
    const lowest = nextOffsets.get(partition) ?? 0n
    if (offset < lowest)
      return unknown(`partition ${partition} acknowledged offset ${offset}, which is below ${lowest}`)
  }
  return { kind: 'acknowledged' }
}

/** Where each partition goes on after an answer that acknowledged. */
export function offsetsAfter(sent: Sent, answer: readonly RecordMetadata[], nextOffsets: NextOffsets): NextOffsets {
  const after = new Map(nextOffsets)
  for (const { partition, baseOffset } of answer) {
    const count = sent.messages.filter((message) => message.partition === partition).length
    after.set(partition, BigInt(baseOffset ?? '0') + BigInt(count))
  }
  return after
}

const unknown = (reason: string): PublishOutcome => ({ kind: 'unknown', reason })
