import type { DatasetName, IdentityId, IdentityPoolId, SyncCount } from '@satchel/protocol'
import { SHARDS, type OutboxRow } from '../../domain/outbox-row.js'

export const STREAM = 'changes'

/** A change of the n-th identity's dataset, by its count; the identity is on partition n % 4 and shard n % 8. */
export function anOutboxRow(
  identity: number,
  syncCount: number,
  {
    dataset = 'settings',
    epoch = 1,
    payload,
    ...over
  }: Readonly<{ dataset?: string }> & Partial<Omit<OutboxRow, 'dataset'>> = {},
): OutboxRow {
  const id = `eu-west-1:${String(identity).padStart(8, '0')}`
  return {
    id: `${id}/${dataset}/${epoch}/${syncCount}`,
    streamName: STREAM,
    identity: id as IdentityId,
    type: 'change',
    payload: payload ?? JSON.stringify({ datasetName: dataset, syncCount }),
    partition: identity % 4,
    shard: identity % SHARDS,
    pool: 'eu-west-1:pool' as IdentityPoolId,
    dataset: dataset as DatasetName,
    epoch,
    syncCount: syncCount as SyncCount,
    previousEpoch: syncCount === 1 ? 0 : epoch,
    previous: (syncCount - 1) as SyncCount,
    createdAt: 0,
    ...over,
  }
}
