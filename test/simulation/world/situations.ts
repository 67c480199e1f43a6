/** Situations that a long run has to come upon, or it proves less than it seems to. */
export const REQUIRED_SITUATIONS = [
  'answer lost',
  'batch sent again after a lost answer',
  'request replayed',
  'crash with a flight out',
  'crash with a group under way',
  'conflict inside a resent batch',
  'edit of a key in flight',
  'leader died with a flight out',
  'leader froze and woke',
  'eviction',
  'snapshot sent',
  'tombstones collected under an absent device',
  'server rewound',
  'server killed inside a commit',
  'commit with unknown outcome',
  'dataset deleted under a device',
  'edit parked',
  'conflict resolved',
  'resolver deferred',
  'resolver threw',
  'equal values adopted',
  'guest brought along',
  'hint lost',
  'busy',
  'disk full',
  'compaction',
] as const

export type Situation = (typeof REQUIRED_SITUATIONS)[number] | 'number used'

export class Situations {
  readonly counts = new Map<Situation, number>()

  count(situation: Situation, times = 1): void {
    this.counts.set(situation, (this.counts.get(situation) ?? 0) + times)
  }

  add(other: Situations): void {
    for (const [situation, times] of other.counts) this.count(situation, times)
  }

  /** What never came up. */
  missing(): readonly Situation[] {
    return REQUIRED_SITUATIONS.filter((situation) => (this.counts.get(situation) ?? 0) === 0)
  }
}
