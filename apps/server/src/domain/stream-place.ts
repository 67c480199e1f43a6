import type { IdentityId } from '@satchel/protocol'
import { identityHash } from './identity-hash.js'
import { SHARDS } from './outbox-row.js'

/**
 * Where an identity's changes go: the partition of the topic, and the shard of the outbox. Both follow from the id alone, by a hash of our own that never
 * changes, and from how many partitions there were when the stream was enabled: whatever a client library does with keys, and however many
 * partitions are added, a dataset's changes stay together (V4).
 */
export function streamPlace(identity: IdentityId, partitions: number): Readonly<{ partition: number; shard: number }> {
  const hash = identityHash(identity)
  // The partition hangs on the low bits mostly, the shard on the high ones alone.
  return { partition: hash % partitions, shard: shardOfHash(hash) }
}

/** The shard of an identity's changes. */
export const shardOf = (identity: IdentityId): number => shardOfHash(identityHash(identity))

const shardOfHash = (hash: number): number => Math.floor((hash / 2 ** 32) * SHARDS)
