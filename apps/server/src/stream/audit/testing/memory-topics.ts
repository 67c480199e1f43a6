import type { Message, Publisher, PublishOutcome } from '../../publisher.js'
import type { PartitionBounds, TopicMessage, TopicReader } from '../topic-reader.js'

/** A model of a broker whose topics can be read, shortened, made anew, and written to by a publisher. */
export class MemoryTopics implements TopicReader {
  /** The answer to the next call of a publisher, and after it none. */
  nextOutcome: PublishOutcome | null = null
  private readonly topics = new Map<string, { start: number; messages: TopicMessage[] }[]>()

  constructor(private readonly now: () => number) {}

  readonly open = (): Publisher => ({
    publish: (topic, messages) => {
      const outcome = this.nextOutcome
      this.nextOutcome = null
      if (outcome !== null) return Promise.resolve(outcome)
      for (const message of messages) this.append(topic, message)
      return Promise.resolve({ kind: 'acknowledged' })
    },
    close: () => undefined,
  })

  /** Makes a topic, or an empty one in its place. */
  create(streamName: string, partitions: number): void {
    this.topics.set(
      streamName,
      Array.from({ length: partitions }, () => ({ start: 0, messages: [] })),
    )
  }

  append(streamName: string, { partition, key, value, headers }: Message): void {
    const messages = this.partition(streamName, partition).messages
    messages.push({ streamName, partition, timestamp: this.now(), key, value, headers })
  }

  /** Removes the first messages of a partition, as retention does. */
  trim(streamName: string, partition: number, count: number): void {
    const held = this.partition(streamName, partition)
    held.messages.splice(0, count)
    held.start += count
  }

  bounds(streamName: string): Promise<readonly PartitionBounds[] | null> {
    const partitions = this.topics.get(streamName)
    return Promise.resolve(
      partitions?.map(({ start, messages }, partition) => ({ partition, start, end: start + messages.length })) ?? null,
    )
  }

  read(
    streamName: string,
    bounds: readonly PartitionBounds[],
    take: (messages: readonly TopicMessage[]) => void,
  ): Promise<void> {
    for (const { partition, end } of bounds) {
      const { start, messages } = this.partition(streamName, partition)
      take(messages.slice(0, end - start))
    }
    return Promise.resolve()
  }

  private partition(streamName: string, partition: number) {
    const held = this.topics.get(streamName)?.[partition]
    if (held === undefined) throw new Error(`no partition ${partition} of topic "${streamName}"`)
    return held
  }
}
