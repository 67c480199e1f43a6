import type { Producer } from 'kafkajs'
import type { Clock } from '../runtime/clock.js'
import { judgeAnswer, offsetsAfter, type NextOffsets, type Sent } from './kafka-answer.js'
import type { KafkaConnection } from './kafka-connection.js'
import { outcomeOfFault } from './kafka-fault.js'
import type { Message, Publisher, PublishOutcome } from './publisher.js'
import { within } from '../runtime/within.js'

/** A `publish` ends within this time, whatever the broker does. */
export const PUBLISH_MS_MAX = 10_000
/** For a single answer of a broker. */
export const SEND_MS_MAX = 8_000
/** The broker gives replicas this long, so that its answer comes before we stop waiting for it. */
const REPLICAS_MS_MAX = 7_000

const ALL_IN_SYNC = -1

/**
 * A {@link Publisher} on kafkajs, with all its safety nets cut: its retries can change the order, and its idempotent producer acknowledges a
 * batch that it then drops when an earlier one, given up by us, is written late. What is sent again is sent by the relay, through a fresh one.
 */
export class KafkaPublisher implements Publisher {
  private producer: Promise<Producer> | null = null
  private readonly nextOffsetsByTopic = new Map<string, NextOffsets>()
  private busy = false
  private closed = false

  constructor(
    private readonly connection: KafkaConnection,
    private readonly clock: Clock,
  ) {}

  /** Throws when it is called while another call is under way. */
  async publish(topic: string, messages: readonly Message[]): Promise<PublishOutcome> {
    if (this.busy) throw new Error(`a batch for ${topic} was to be sent while another one is under way`)
    if (this.closed) return { kind: 'unknown', reason: 'the publisher was closed before' }
    if (messages.length === 0) return { kind: 'acknowledged' }
    this.busy = true
    try {
      const late = (): PublishOutcome => ({ kind: 'unknown', reason: `no answer within ${PUBLISH_MS_MAX} ms` })
      const outcome = await within({ clock: this.clock, ms: PUBLISH_MS_MAX, late }, this.send({ topic, messages }))
      // Bytes of it may be under way still, so nothing must go the same way behind them.
      if (outcome.kind === 'unknown') this.close()
      return outcome
    } finally {
      this.busy = false
    }
  }

  close(): void {
    this.closed = true
    this.connection.close()
    this.producer?.then((producer) => producer.disconnect()).catch(() => undefined)
  }

  private async send(sent: Sent): Promise<PublishOutcome> {
    const { topic, messages } = sent
    try {
      const producer = await (this.producer ??= this.connected())
      const answer = await producer.send({
        topic,
        messages: [...messages],
        acks: ALL_IN_SYNC,
        timeout: REPLICAS_MS_MAX,
      })
      const nextOffsets = this.nextOffsetsByTopic.get(topic) ?? new Map()
      const outcome = judgeAnswer(sent, answer, nextOffsets)
      if (outcome.kind === 'acknowledged') this.nextOffsetsByTopic.set(topic, offsetsAfter(sent, answer, nextOffsets))
      return outcome
    } catch (thrown) {
      return outcomeOfFault(thrown)
    }
  }

  private async connected(): Promise<Producer> {
    const client = await this.connection.client()
    const producer = client.producer({
      allowAutoTopicCreation: false,
      idempotent: false,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition!,
    })
    await producer.connect()
    return producer
  }
}
