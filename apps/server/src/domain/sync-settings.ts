import type { StreamTarget } from './stream-target.js'

/** A pool's change stream as its owner set it, and what became of it. */
export type CognitoStreams = Readonly<{
  streamName: string
  roleArn: string
  streamingStatus: 'ENABLED' | 'DISABLED'
  /** Why the server itself turned it off; null where its owner did, or it is on. */
  disabledReason: string | null
  /**
   * What was found of the topic when the stream was enabled, kept while it is off so that its datasets find their partitions and chains again (V53); null where it
   * never was. Where changes go now is {@link streamTargetOf}.
   */
  target: StreamTarget | null
}>

/** A stream as its owner asks for it. */
export type StreamWish = Pick<CognitoStreams, 'streamName' | 'roleArn' | 'streamingStatus'>

/** How a pool's sync store reaches other services. */
export type SyncSettings = Readonly<{
  /** Stored and returned as set. */
  pushSync: Readonly<{ applicationArns: readonly string[]; roleArn: string }> | null
  cognitoStreams: CognitoStreams | null
  /** Stored and returned as set. */
  events: Readonly<Partial<Record<'SyncTrigger', string>>>
}>

export const NO_SYNC_SETTINGS: SyncSettings = { pushSync: null, cognitoStreams: null, events: {} }

/** Where the changes of a pool with these settings go; null where its stream is not enabled. */
export function streamTargetOf({ cognitoStreams }: Pick<SyncSettings, 'cognitoStreams'>): StreamTarget | null {
  return cognitoStreams?.streamingStatus === 'ENABLED' ? cognitoStreams.target : null
}
