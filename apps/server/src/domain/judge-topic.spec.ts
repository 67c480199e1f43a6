import { BATCH_BYTES_MIN, judgeTopic, MESSAGE_OVERHEAD_BYTES, PAYLOAD_BYTES_MAX } from './judge-topic.js'
import type { TopicFacts } from './topic-facts.js'

const DAY = 86_400_000

/** As an operator who thought about it would make it. */
const SOUND: TopicFacts = {
  partitions: 12,
  batchBytesMax: 1_048_588,
  replicas: 3,
  inSyncReplicasMin: 2,
  cleanupPolicy: 'delete',
  retentionMs: 30 * DAY,
  uncleanElection: false,
}

const judged = (over: Partial<TopicFacts>, partitionsHeld: number | null = null) =>
  judgeTopic({ ...SOUND, ...over }, { topic: 'changes', partitionsHeld, changeLogMs: 7 * DAY })

test('[V53] a sound topic is taken as it is, with room in its batches for key, headers and framing', () => {
  expect(judged({})).toEqual({
    kind: 'usable',
    partitions: 12,
    payloadBytesMax: 1_048_588 - MESSAGE_OVERHEAD_BYTES,
    warnings: [],
  })
})

test('[V53] however much a topic takes, a payload stays bounded', () => {
  expect(judged({ batchBytesMax: 2 ** 31 - 1 })).toMatchObject({ payloadBytesMax: PAYLOAD_BYTES_MAX })
})

test.each<[string, Partial<TopicFacts>, RegExp]>([
  ['is compacted', { cleanupPolicy: 'compact' }, /^topic "changes" is compacted \(cleanup\.policy=compact\)/],
  ['is compacted as well as deleted', { cleanupPolicy: 'compact,delete' }, /is compacted/],
  ['is deleted as well as compacted', { cleanupPolicy: 'delete, compact' }, /is compacted/],
  [
    'wants more replicas in sync than it has',
    { replicas: 1, inSyncReplicasMin: 2 },
    /min\.insync\.replicas is 2, and it has 1 replica$/,
  ],
  ['cannot even take a link', { batchBytesMax: BATCH_BYTES_MIN - 1 }, /16383 bytes at most .*at least 16384/],
  ['has no partition', { partitions: 0 }, /has no partition/],
])('[V52] a topic that %s is refused by name', (_, over, fault) => {
  expect(judged(over)).toEqual({ kind: 'refused', fault: expect.stringMatching(fault) })
})

test.each<[string, Partial<TopicFacts>, RegExp]>([
  ['one replica', { replicas: 1, inSyncReplicasMin: 1 }, /has one replica/],
  ['min.insync.replicas 1', { inSyncReplicasMin: 1 }, /min\.insync\.replicas=1/],
  ['unclean election', { uncleanElection: true }, /unclean\.leader\.election\.enable=true/],
  ['a retention of hours', { retentionMs: 5 * 3_600_000 }, /keeps messages for 5 hours only/],
  ['a retention of minutes', { retentionMs: 60_000 }, /keeps messages for 1 minutes only/],
  ['a retention below the change log', { retentionMs: 3 * DAY }, /keeps messages for 3 days, .*change log for 7 days/],
  ['small batches', { batchBytesMax: 50_000 }, /50000 bytes at most .* as links/],
])('[V52] %s is warned of, once and by name, and the topic is taken', (_, over, warning) => {
  const verdict = judged(over)
  expect(verdict).toMatchObject({ kind: 'usable', warnings: [expect.stringMatching(warning)] })
  expect(verdict).toMatchObject({ warnings: [expect.stringMatching(/^topic "changes" /)] })
})

test('[V52] a topic that keeps its messages for ever is not warned of', () => {
  expect(judged({ retentionMs: null })).toMatchObject({ warnings: [] })
})

test('[V53] a stream that was enabled before keeps its partitions when the topic has more, and that is said', () => {
  expect(judged({ partitions: 24 }, 12)).toMatchObject({
    kind: 'usable',
    partitions: 12,
    warnings: [expect.stringMatching(/has 24 partitions; the stream stays on the first 12/)],
  })
})

test('[V53] a stream that was enabled before is refused when the topic has fewer partitions', () => {
  expect(judged({ partitions: 6 }, 12)).toEqual({
    kind: 'refused',
    fault: expect.stringMatching(
      /^topic "changes" has 6 partitions now, and the stream was enabled with 12: .*another name/,
    ),
  })
})
