/** A message as it was found in a topic. */
export type TopicMessage = Readonly<{
  /** The topic's name without the server's prefix. */
  streamName: string
  partition: number
  /** Epoch milliseconds: when it was sent, or appended, as the topic is set. */
  timestamp: number
  key: string | null
  value: string | null
  headers: Readonly<Record<string, string>>
}>

/** What a partition holds: offsets from `start` to the one before `end`. `start` is above 0 once messages at the beginning were removed. */
export type PartitionBounds = Readonly<{ partition: number; start: number; end: number }>

/** Reads topics from their beginning. `KafkaTopicReader` asks a broker; `testing/memory-topics.ts` is a model of one. */
export interface TopicReader {
  /** By partition, as they are now; null where there is no such topic. Rejects when the broker does not answer. */
  bounds(streamName: string): Promise<readonly PartitionBounds[] | null>

  /**
   * Hands over everything within the bounds, each partition in its order, and resolves behind the last. Rejects when the topic cannot be read to the end, also when the
   * broker stays silent.
   */
  read(
    streamName: string,
    bounds: readonly PartitionBounds[],
    take: (messages: readonly TopicMessage[]) => void,
  ): Promise<void>
}
