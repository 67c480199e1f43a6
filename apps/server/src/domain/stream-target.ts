/** Where a pool's changes go while its stream is enabled: what was found of the topic when it was enabled. */
export type StreamTarget = Readonly<{
  /** The topic's name without the server's prefix. */
  streamName: string
  /** Partitions of the topic at that time; stays, so that a dataset never moves to another one (V4). */
  partitions: number
  /**
   * When the pool's stream began to go to this topic, epoch milliseconds. It is kept while the stream keeps its name, whoever switches it off and on; the chains
   * of its datasets begin with it (V2).
   */
  begun: number
  /** UTF-8 bytes of a payload at most; larger ones are published as a link. */
  payloadBytesMax: number
}>
