import type { IdentityPoolId } from '@satchel/protocol'
import type { PoolConnections } from '../datasets/pool-connections.js'
import type { Clock } from '../runtime/clock.js'
import type { BulkPublish, BulkPublishStore } from '../store/bulk-publish-store.js'

export type { BulkPublish } from '../store/bulk-publish-store.js'

/** After one that succeeded, a pool is not published in bulk again for this long (V57). */
export const BULK_PUBLISH_PAUSE_MS = 24 * 3_600_000

export type BeginAnswer =
  | Readonly<{ kind: 'begun' | 'in-progress' | 'no-pool' | 'no-kafka' }>
  /** `reason` where the server itself switched the stream off. */
  | Readonly<{ kind: 'not-streaming'; reason: string | null }>
  | Readonly<{ kind: 'too-soon'; completedAt: number; againAt: number }>

/** Begins bulk publishes and tells of them; the `BulkPublisher` does the work. */
export class BulkPublishes {
  constructor(
    private readonly deps: Readonly<{
      store: Pick<BulkPublishStore, 'begin' | 'find'>
      connections: Pick<PoolConnections, 'of'>
      hasKafka: boolean
      clock: Clock
      /** There is one more to work on. */
      begun: () => void
    }>,
  ) {}

  /** Begins one if the pool streams, none is under way, and none has succeeded within a day. */
  async begin(pool: IdentityPoolId): Promise<BeginAnswer> {
    const { store, connections, hasKafka, clock, begun } = this.deps
    const settings = await connections.of(pool)
    if (settings === null) return { kind: 'no-pool' }
    const streams = settings.cognitoStreams
    if (streams?.streamingStatus !== 'ENABLED') {
      return { kind: 'not-streaming', reason: streams?.disabledReason ?? null }
    }
    if (!hasKafka) return { kind: 'no-kafka' }
    const at = clock.now()
    const outcome = await store.begin({ pool, at, unlessCompletedAfter: at - BULK_PUBLISH_PAUSE_MS })
    switch (outcome.kind) {
      case 'begun':
        begun()
        return { kind: 'begun' }
      case 'in-progress':
        return outcome
      case 'too-soon':
        return { ...outcome, againAt: outcome.completedAt + BULK_PUBLISH_PAUSE_MS }
    }
  }

  /** The newest of a pool; null when there never was one. */
  newest(pool: IdentityPoolId): Promise<BulkPublish | null> {
    return this.deps.store.find(pool)
  }
}
