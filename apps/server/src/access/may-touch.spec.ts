import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { Caller } from './caller.js'
import { callersBySyncOperation, mayTouch, MAY_NOT_TOUCH, type SyncOperation, type SyncTarget } from './may-touch.js'
import { ACCOUNT_ID, IDENTITY, POOL } from './testing/an-access.js'

const OTHER_POOL = `${POOL.slice(0, -1)}2` as IdentityPoolId
const OTHER = `${IDENTITY.slice(0, -1)}3` as IdentityId
const LONGER = `${IDENTITY}0` as IdentityId
const PREFIX = IDENTITY.slice(0, -1) as IdentityId

const account: Caller = { kind: 'account', accountId: ACCOUNT_ID, accessKeyId: 'AKIASATCHELSATCHELXX' }
const identity = (authenticated: boolean): Caller => ({
  kind: 'identity',
  pool: POOL,
  identity: IDENTITY,
  authenticated,
  roleArn: 'arn:aws:iam::123456789012:role/Administrator',
  sessionName: 's',
  accessKeyId: 'ASIA',
  expiresAt: 0,
})

// As the public API reference marks them.
const OF_IDENTITIES: readonly SyncOperation[] = ['RegisterDevice', 'SubscribeToDataset', 'UnsubscribeFromDataset']
const OF_BOTH: readonly SyncOperation[] = [
  'DeleteDataset',
  'DescribeDataset',
  'DescribeIdentityUsage',
  'ListDatasets',
  'ListRecords',
  'UpdateRecords',
]
const operations = Object.keys(callersBySyncOperation) as SyncOperation[]
const ofTheAccount = operations.filter(
  (operation) => !OF_IDENTITIES.includes(operation) && !OF_BOTH.includes(operation),
)

const TARGETS: readonly SyncTarget[] = [
  {},
  { pool: POOL },
  { pool: OTHER_POOL },
  { identity: IDENTITY },
  { pool: POOL, identity: IDENTITY },
  { pool: POOL, identity: OTHER },
  { pool: POOL, identity: LONGER },
  { pool: POOL, identity: PREFIX },
  { pool: POOL, identity: IDENTITY.toUpperCase() as IdentityId },
  { pool: OTHER_POOL, identity: IDENTITY },
  { pool: OTHER_POOL, identity: OTHER },
]
const isOwn = (target: SyncTarget): boolean => target.pool === POOL && target.identity === IDENTITY

test('[A12] the table knows all 17 operations', () => {
  expect(operations).toHaveLength(17)
  expect(ofTheAccount).toHaveLength(8)
})

test.each(operations)('[A12] %s on every target by the account, unless it is of devices', (operation) => {
  for (const target of TARGETS) {
    expect(mayTouch(account, operation, target)).toBe(!OF_IDENTITIES.includes(operation))
  }
})

test.each(operations)(
  '[A13] %s by an identity on itself only, guest or not, and never a pool-level operation',
  (operation) => {
    const isForIdentities = OF_BOTH.includes(operation) || OF_IDENTITIES.includes(operation)
    for (const target of TARGETS) {
      for (const authenticated of [true, false]) {
        expect(mayTouch(identity(authenticated), operation, target)).toBe(isForIdentities && isOwn(target))
      }
    }
  },
)

test('[A14] a refusal follows from credentials and path alone, and its words name neither', () => {
  const unknown = 'eu-central-1:00000000-0000-4000-8000-000000000000' as IdentityId
  for (const operation of operations) {
    const targets = [OTHER, unknown].map((other) => ({ pool: POOL, identity: other }))
    expect(targets.map((target) => mayTouch(identity(true), operation, target))).toEqual([false, false])
  }
  expect(MAY_NOT_TOUCH).toBe('These credentials are not valid for accessing this resource')
})
