import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { Caller } from './caller.js'

/** Whose credentials an operation takes. */
type Callers = 'account' | 'identity' | 'both'

/** Who may call which operation of cognito-sync (A12). */
export const callersBySyncOperation = {
  BulkPublish: 'account',
  DeleteDataset: 'both',
  DescribeDataset: 'both',
  DescribeIdentityPoolUsage: 'account',
  DescribeIdentityUsage: 'both',
  GetBulkPublishDetails: 'account',
  GetCognitoEvents: 'account',
  GetIdentityPoolConfiguration: 'account',
  ListDatasets: 'both',
  ListIdentityPoolUsage: 'account',
  ListRecords: 'both',
  RegisterDevice: 'identity',
  SetCognitoEvents: 'account',
  SetIdentityPoolConfiguration: 'account',
  SubscribeToDataset: 'identity',
  UnsubscribeFromDataset: 'identity',
  UpdateRecords: 'both',
} as const satisfies Record<string, Callers>

export type SyncOperation = keyof typeof callersBySyncOperation

/** What a request is about, from its path. */
export type SyncTarget = Readonly<{ pool?: IdentityPoolId; identity?: IdentityId }>

/**
 * What everybody is told who may not, whatever the reason: the decision looks at nothing but the credentials and the
 * path, so neither it nor its words can tell whether the target exists (A14).
 */
export const MAY_NOT_TOUCH = 'These credentials are not valid for accessing this resource'

/**
 * True when a caller may perform an operation of cognito-sync on a target: the account on everything but devices (A12),
 * an identity on itself in its own pool (A13).
 */
export function mayTouch(caller: Caller, operation: SyncOperation, target: SyncTarget): boolean {
  const callers: Callers = callersBySyncOperation[operation]
  if (callers !== 'both' && callers !== caller.kind) return false
  switch (caller.kind) {
    case 'account':
      return true
    case 'identity':
      return target.pool === caller.pool && target.identity === caller.identity
  }
}
