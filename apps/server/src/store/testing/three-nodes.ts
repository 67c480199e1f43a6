import type { PostgresServer } from '../../../../../test/support/postgres/postgres-server.js'
import { POOL } from '../../domain/testing/a-dataset.js'
import { NO_SYNC_SETTINGS } from '../../domain/sync-settings.js'
import type { StreamTarget } from '../../domain/stream-target.js'
import type { Stores } from '../stores.js'
import { aPool } from './a-pool.js'
import { emptyDatabase } from './postgres-databases.js'
import { nodeOn } from './postgres-stores.js'

/** Opens three nodes, with connections of their own, on one database with a pool for every test, and closes them after. */
export function threeNodes(server: () => PostgresServer) {
  let nodes: readonly Stores[]

  beforeEach(async () => {
    const url = await emptyDatabase(server())
    nodes = await Promise.all([1, 2, 3].map(() => nodeOn(url)))
    await nodes[0]!.pools.create(aPool(1))
  })
  afterEach(() => Promise.all(nodes.map((node) => node.close())))

  return {
    get nodes(): readonly Stores[] {
      return nodes
    },
    /** The same work at each of them at once. */
    onEach: <T>(work: (node: Stores, at: number) => Promise<T>): Promise<T[]> => Promise.all(nodes.map(work)),
    /** Turns the pool's stream on with a target, or off. */
    streamTo: (target: StreamTarget | null) =>
      nodes[0]!.pools.changeSyncSettings(POOL, () => ({
        ...NO_SYNC_SETTINGS,
        cognitoStreams: {
          streamName: target?.streamName ?? 'changes',
          roleArn: 'arn:r',
          streamingStatus: target === null ? 'DISABLED' : 'ENABLED',
          disabledReason: null,
          target,
        },
      })),
  }
}
