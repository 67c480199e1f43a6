import { byteSize } from '@satchel/protocol'
import type { Clock } from '../../runtime/clock.js'
import type { Message, Publisher, PublishOutcome } from '../publisher.js'
import type { TopicFacts, TopicOutcome, Topics } from '../topics.js'

/** What a topic of the model holds. */
export type StoredMessage = Message & Readonly<{ offset: number }>

/** What befalls one call. */
export type Fault =
  | 'none'
  /** The answer is lost, and so was the call. */
  | 'lost'
  /** Everything is written; the answer is lost. */
  | 'written'
  /** The answer is lost; everything is written some time later. */
  | 'late'
  /** Some partitions are written, others not. */
  | 'partial'

/** A call as the broker saw it come. */
export type Call = Readonly<{ topic: string; messages: readonly Message[]; at: number }>

/** What a message weighs beside its key and value, about. */
const MESSAGE_BYTES = 100

const FACTS: TopicFacts = {
  partitions: 4,
  batchBytesMax: 1_048_588,
  replicas: 3,
  inSyncReplicasMin: 2,
  cleanupPolicy: 'delete',
  retentionMs: null,
  uncleanElection: false,
}

type Topic = { facts: TopicFacts; writable: boolean; readonly partitions: Map<number, StoredMessage[]> }

/**
 * A model of a broker: topics whose partitions remember what was written, and publishers that fail as told. A publisher that is used after
 * a failure takes the answer of the failed call for that of the next one, as real ones were seen to: what it says is acknowledged is lost.
 */
export class MemoryKafka implements Topics {
  /** Every call that reached the broker, whatever came of it. */
  readonly calls: Call[] = []
  /** Asked once for every call. */
  nextFault: () => Fault = () => 'none'
  /** How long a call takes, milliseconds; asked once for every call. */
  delayMs: () => number = () => 0
  /** How long after a call that got no answer its messages are written, milliseconds. */
  lateMs = 1_000
  /** While true, every call fails at once. */
  away = false
  /** Publishers opened so far. */
  opened = 0
  private readonly topics = new Map<string, Topic>()
  private paused: (() => void)[] | null = null

  constructor(private readonly clock: Clock) {}

  readonly open = (): Publisher => {
    this.opened++
    return new MemoryPublisher((topic, messages) => this.write(topic, messages))
  }

  /** Makes a topic, or an emptied one of the same name. */
  create(name: string, facts: Partial<TopicFacts> = {}): void {
    this.topics.set(name, { facts: { ...FACTS, ...facts }, writable: true, partitions: new Map() })
  }

  /** Alters what a topic is like and leaves what it holds. */
  alter(name: string, facts: Partial<TopicFacts>): void {
    const topic = this.topics.get(name)
    if (topic === undefined) throw new Error(`no topic "${name}"`)
    topic.facts = { ...topic.facts, ...facts }
  }

  delete(name: string): void {
    this.topics.delete(name)
  }

  /** Decides whether messages may be written to a topic, which can be looked at all the same. */
  permit(name: string, writable: boolean): void {
    const topic = this.topics.get(name)
    if (topic === undefined) throw new Error(`no topic "${name}"`)
    topic.writable = writable
  }

  /** From now on calls wait, and looking at topics fails. */
  pause(): void {
    this.paused ??= []
  }

  /** Calls that waited are carried out, in their order. */
  resume(): void {
    const waiting = this.paused ?? []
    this.paused = null
    for (const go of waiting) go()
  }

  /** What a partition holds, by offset. */
  log(topic: string, partition: number): readonly StoredMessage[] {
    return this.topics.get(topic)?.partitions.get(partition) ?? []
  }

  /** Everything a topic holds, partition after partition. */
  messages(topic: string): readonly StoredMessage[] {
    const partitions = this.topics.get(topic)?.partitions ?? new Map<number, StoredMessage[]>()
    return [...partitions.keys()].sort((a, b) => a - b).flatMap((partition) => partitions.get(partition)!)
  }

  inspect(topic: string): Promise<TopicOutcome> {
    if (this.away || this.paused !== null) return Promise.resolve({ kind: 'unreachable', reason: 'no broker answers' })
    const found = this.topics.get(topic)
    return Promise.resolve(found === undefined ? { kind: 'missing' } : { kind: 'found', facts: found.facts })
  }

  private async write(name: string, messages: readonly Message[]): Promise<PublishOutcome> {
    const fault = this.nextFault()
    const delayMs = this.delayMs()
    if (this.away) return { kind: 'unknown', reason: 'no broker answers' }
    this.calls.push({ topic: name, messages, at: this.clock.now() })
    if (delayMs > 0) await new Promise<void>((done) => this.clock.after(delayMs, done))
    const { paused } = this
    if (paused !== null) await new Promise<void>((done) => paused.push(done))

    const refusal = this.refusal(name, messages)
    if (refusal !== null) return refusal
    const topic = this.topics.get(name)!
    switch (fault) {
      case 'none':
        append(topic, messages)
        return { kind: 'acknowledged' }
      case 'lost':
        return { kind: 'unknown', reason: 'the connection was closed' }
      case 'written':
        append(topic, messages)
        return { kind: 'unknown', reason: 'the connection was closed' }
      case 'late':
        this.clock.after(this.lateMs, () => append(topic, messages))
        return { kind: 'unknown', reason: 'the request timed out' }
      case 'partial': {
        const partitions = [...new Set(messages.map(({ partition }) => partition))]
        const written = new Set(partitions.slice(0, Math.floor(partitions.length / 2)))
        append(
          topic,
          messages.filter(({ partition }) => written.has(partition)),
        )
        return { kind: 'unknown', reason: 'a leader did not answer' }
      }
    }
  }

  private refusal(name: string, messages: readonly Message[]): PublishOutcome | null {
    const topic = this.topics.get(name)
    if (topic === undefined) return { kind: 'unwritable', reason: `there is no topic "${name}"` }
    if (!topic.writable) return { kind: 'unwritable', reason: `topic "${name}" may not be written` }
    const { partitions, batchBytesMax } = topic.facts
    const beyond = messages.find(({ partition }) => partition >= partitions)
    if (beyond !== undefined) {
      return { kind: 'unwritable', reason: `topic "${name}" has no partition ${beyond.partition}` }
    }
    const bytes = new Map<number, number>()
    for (const { partition, key, value } of messages) {
      bytes.set(partition, (bytes.get(partition) ?? 0) + byteSize(key) + byteSize(value) + MESSAGE_BYTES)
    }
    return [...bytes.values()].some((size) => size > batchBytesMax) ? { kind: 'too-large' } : null
  }
}

class MemoryPublisher implements Publisher {
  private closed = false
  private spoiled = false

  constructor(private readonly write: (topic: string, messages: readonly Message[]) => Promise<PublishOutcome>) {}

  async publish(topic: string, messages: readonly Message[]): Promise<PublishOutcome> {
    if (this.closed) return { kind: 'unknown', reason: 'the publisher is closed' }
    if (this.spoiled) return { kind: 'acknowledged' }
    const outcome = await this.write(topic, messages)
    if (outcome.kind === 'unknown' || outcome.kind === 'unwritable') this.spoiled = true
    return outcome
  }

  close(): void {
    this.closed = true
  }
}

function append(topic: Topic, messages: readonly Message[]): void {
  for (const message of messages) {
    const log = topic.partitions.get(message.partition) ?? []
    topic.partitions.set(message.partition, log)
    log.push({ ...message, offset: log.length })
  }
}
