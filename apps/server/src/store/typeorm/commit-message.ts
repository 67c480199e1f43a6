import type { RecordsLinkKey } from '../../access/records-link.js'
import type { WorkAnswer, WorkName, WorkRequest } from './thread-work.js'

/** What the commit thread is told when it starts. */
export type CommitThreadStart = Readonly<{ file: string; relay: boolean; linkKey: RecordsLinkKey | null }>

/** Crosses as a plain copy (decision 0011). */
export type CommitRequest =
  | { readonly [Name in WorkName]: Readonly<{ kind: 'work'; name: Name; request: WorkRequest<Name> }> }[WorkName]
  | Readonly<{ kind: 'close' }>

/** Answers come in the order of their requests. */
export type CommitAnswer =
  | Readonly<{ kind: 'done'; answer: WorkAnswer<WorkName> }>
  | Readonly<{ kind: 'failed'; cause: unknown }>
  | Readonly<{ kind: 'closed' }>
