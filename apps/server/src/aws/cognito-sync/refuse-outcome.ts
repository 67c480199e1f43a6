import type { DatasetPath } from '@satchel/protocol'
import type { Caller } from '../../access/caller.js'
import type { DatasetsListing, DeleteAnswer, RecordListing, UpdateAnswer } from '../../datasets/datasets.js'
import { limitMessage } from '../../datasets/limit-message.js'
import { forbiddenIdentity, unknownIdentity } from '../../identity/refusals.js'
import { refuse } from '../../refusal.js'

type Refused =
  | Exclude<RecordListing, { kind: 'listed' }>
  | Exclude<UpdateAnswer, { kind: 'accepted' }>
  | Exclude<DeleteAnswer, { kind: 'deleted' }>
  | Exclude<DatasetsListing, { kind: 'listed' }>

/** Turns an outcome that is not success into the error, and the words, that clients of the service know (F10). */
export function refuseOutcome(
  outcome: Refused,
  { caller, path }: Readonly<{ caller: Caller; path: Omit<DatasetPath, 'dataset'> & { dataset?: string } }>,
): never {
  switch (outcome.kind) {
    case 'no-such-count':
      return refuse('InvalidParameter', `No such SyncCount: ${outcome.since} exists for this Dataset`)
    case 'bad-session-token':
    case 'session-spent':
      return refuse('InvalidParameter', 'SyncSessionToken not valid for these inputs')
    case 'bad-next-token':
      return refuse('InvalidParameter', 'NextToken not valid for these inputs')
    case 'stale':
      // Clients look for this text; the key and both counts are their own.
      return refuse(
        'ResourceConflict',
        `Current SyncCount for: ${outcome.key} is: ${outcome.held} not: ${outcome.base}`,
      )
    case 'over-limit':
      return refuse('LimitExceeded', limitMessage(outcome.exceeded))
    case 'missing':
      return refuse('ResourceNotFound', `Dataset '${path.dataset}' not found.`)
    case 'no-identity':
      throw caller.kind === 'account' ? unknownIdentity(path.identity) : forbiddenIdentity(path.identity)
  }
}
