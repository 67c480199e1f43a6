import { SHARDS } from '../../domain/outbox-row.js'
import { IDENTITY, path, POOL } from '../../domain/testing/a-dataset.js'
import type { Stores } from '../stores.js'

/** What a site tells of what it keeps. */
export async function told(stores: Stores) {
  const all = { after: { syncCount: 0 as never, key: null }, through: null, limit: 99 }
  const shards = Array.from({ length: SHARDS }, (_, shard) => shard)
  return {
    listing: await stores.datasets.list(path(), all),
    old: await stores.datasets.read(path('old')),
    usage: await stores.datasets.poolUsage(POOL),
    identities: await stores.identities.list(POOL, { after: '', limit: 9, hideDisabled: false }),
    pools: await stores.pools.list({ after: '', limit: 9 }),
    settings: await stores.pools.syncSettings(POOL),
    keys: await stores.signingKeys.list(),
    rows: await stores.changeLog.rows({ after: 0, limit: 99 }),
    unpublished: await Promise.all(
      shards.map((shard) => stores.outbox.unpublished([shard], { limit: 99, bytesMax: 1e9 })),
    ),
    linked: await stores.outbox.linkedRecords(`${IDENTITY}/settings/2`),
    parked: await stores.outbox.parked(),
    bulk: await stores.bulkPublishes.find(POOL),
  }
}
