/** How a pool's sync store reaches other services; stored and returned as set. */
export type SyncSettings = Readonly<{
  pushSync: Readonly<{ applicationArns: readonly string[]; roleArn: string }> | null
  cognitoStreams: Readonly<{ streamName: string; roleArn: string; streamingStatus: string }> | null
  events: Readonly<Partial<Record<'SyncTrigger', string>>>
}>

export const NO_SYNC_SETTINGS: SyncSettings = { pushSync: null, cognitoStreams: null, events: {} }
