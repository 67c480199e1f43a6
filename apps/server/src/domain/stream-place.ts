import type { IdentityId } from '@satchel/protocol'
import { SHARDS } from './outbox-row.js'

/**
 * Where an identity's changes go: the partition of the topic, and the shard of the outbox. Both follow from the id alone, by a hash of our own that never
 * changes, and from how many partitions there were when the stream was enabled: whatever a client library does with keys, and however many
 * partitions are added, a dataset's changes stay together (V4).
 */
export function streamPlace(identity: IdentityId, partitions: number): Readonly<{ partition: number; shard: number }> {
  const hash = hashOf(identity)
  // The partition hangs on the low bits mostly, the shard on the high ones alone.
  return { partition: hash % partitions, shard: Math.floor((hash / 2 ** 32) * SHARDS) }
}

/** 32-bit FNV-1a, then the last steps of MurmurHash3, without which the high bits of like texts are alike. Identity ids are ASCII: a code unit is a byte. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
