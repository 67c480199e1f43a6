import type { Limits } from '@satchel/protocol'
import type { DatasetWrite, WriteOutcome } from '../../domain/dataset-write.js'

/** What the commit thread is told when it starts. */
export type CommitThreadStart = Readonly<{ file: string }>

export type CommitRequest =
  /** `group` is a {@link CommitGroup} as JSON; a plain copy was measured to be no slower (decision 0011). */
  Readonly<{ kind: 'commit'; group: string }> | Readonly<{ kind: 'close' }>

export type CommitGroup = Readonly<{ writes: readonly DatasetWrite[]; limits: Limits }>

/**
 * An outcome as it comes back: the records of an accepted batch are left out, since they follow from what was sent and the
 * count it took.
 */
export type ThreadOutcome =
  Omit<Extract<WriteOutcome, { kind: 'accepted' }>, 'written'> | Exclude<WriteOutcome, { kind: 'accepted' }>

/** Answers come in the order of their requests. */
export type CommitAnswer =
  /** `outcomes` is an array of {@link ThreadOutcome} as JSON. */
  | Readonly<{ kind: 'committed'; outcomes: string }>
  | Readonly<{ kind: 'failed'; cause: unknown }>
  | Readonly<{ kind: 'closed' }>
