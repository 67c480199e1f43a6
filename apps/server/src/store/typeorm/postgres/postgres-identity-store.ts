import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { Login, StoredIdentity } from '../../../domain/identity.js'
import type { SignInDecision, SignInFacts } from '../../../domain/linking.js'
import type { IdentityInPool, IdentityStore, SignIn, SignInOutcome } from '../../identity-store.js'
import { IDENTITY_COLUMNS, identitiesOf, type IdentityRow } from '../identity-row.js'
import { textArray } from './array-literal.js'
import type { Transaction } from './connections.js'
import type { PostgresDatabase } from './postgres-database.js'
import { prepared } from './prepared.js'

type Reads = Pick<Transaction, 'query'>

/** Each time somebody else's commit came between: two of them are rare, so many are a defect. */
const JUDGEMENTS_MAX = 20

/** Keeps identities in PostgreSQL. Locks are taken in the order pool, identity, login. */
export class PostgresIdentityStore implements IdentityStore {
  constructor(private readonly database: PostgresDatabase) {}

  find(identity: IdentityId): Promise<StoredIdentity | null> {
    return findWith(this.database, identity)
  }

  async findSeveral(identities: readonly IdentityId[]): Promise<readonly StoredIdentity[]> {
    return identitiesOf(await this.database.query<IdentityRow>(FIND, [textArray(identities)]))
  }

  async isActive(identity: IdentityId, pool: IdentityPoolId): Promise<boolean> {
    return (await this.database.query(IS_ACTIVE, [identity, pool])).length > 0
  }

  findByLogin(pool: IdentityPoolId, login: Login): Promise<IdentityId | null> {
    return ownerWith(this.database, pool, login)
  }

  createGuest({ identity, pool, at }: IdentityInPool & Readonly<{ at: number }>): Promise<boolean> {
    return this.database.transaction(async (transaction) => (await transaction.run(CREATE, [identity, pool, at])) === 1)
  }

  signIn(signIn: SignIn, judge: (facts: SignInFacts) => SignInDecision): Promise<SignInOutcome> {
    return this.database.transaction((transaction) => judgeAndStore(transaction, signIn, judge))
  }

  async list(
    pool: IdentityPoolId,
    { after, limit, hideDisabled }: Readonly<{ after: string; limit: number; hideDisabled: boolean }>,
  ): Promise<readonly StoredIdentity[]> {
    return identitiesOf(await this.database.query<IdentityRow>(LIST, [pool, after, limit, hideDisabled]))
  }

  disable(identity: IdentityId, at: number): Promise<boolean> {
    return this.database.transaction(async (transaction) => (await transaction.run(DISABLE, [identity, at])) === 1)
  }

  delete(identities: readonly IdentityId[], at: number): Promise<readonly IdentityInPool[]> {
    return this.database.transaction(async (transaction) => {
      const found = await transaction.query<IdentityInPool>(LOCK_TO_DELETE, [identities])
      const ids = found.map(({ identity }) => identity)
      await Promise.all([transaction.run(FORGET_LOGINS, [ids]), transaction.run(DOOM, [ids, at])])
      const order = new Map(identities.map((identity, index) => [identity, index]))
      return [...found].sort((a, b) => order.get(a.identity)! - order.get(b.identity)!)
    })
  }
}

/** What was judged may no longer be so where others signed in the same user or were faster to delete; it is then looked at anew. */
async function judgeAndStore(
  transaction: Transaction,
  signIn: SignIn,
  judge: (facts: SignInFacts) => SignInDecision,
): Promise<SignInOutcome> {
  for (let times = 0; times < JUDGEMENTS_MAX; times++) {
    const outcome = await judgeOnce(transaction, signIn, judge)
    if (outcome !== null) return outcome
  }
  throw new Error(`a sign-in was judged ${JUDGEMENTS_MAX} times, and what it was judged by never stayed as it was`)
}

async function judgeOnce(
  transaction: Transaction,
  { pool, login, named, fresh, at }: SignIn,
  judge: (facts: SignInFacts) => SignInDecision,
): Promise<SignInOutcome | null> {
  // Each statement sees what was committed before the lock of the one before it was had.
  const [pools, , found, owner] = await Promise.all([
    transaction.query(LOCK_POOL, [pool]),
    named === null ? null : transaction.run(LOCK_IDENTITY, [named]),
    named === null ? null : findWith(transaction, named),
    ownerWith(transaction, pool, login),
  ])
  if (pools.length === 0) return { kind: 'refused', why: 'no-such-pool' }
  const decision = judge({ owner, named: named === null ? 'none' : found?.pool === pool ? found : 'missing' })
  const add = async (identity: IdentityId) => {
    const values = [pool, login.provider, login.userId, identity, at]
    return (await transaction.run(ADD_LOGIN, values)) === 1
  }
  const told = async (kind: 'used' | 'created' | 'linked', id: IdentityId): Promise<SignInOutcome | null> => {
    const identity = await findWith(transaction, id)
    return identity === null ? null : { kind, identity }
  }
  switch (decision.kind) {
    case 'refuse':
      return { kind: 'refused', why: decision.why }
    case 'use':
      return told('used', decision.identity)
    case 'create':
      if (!(await add(fresh))) return null
      await transaction.run(CREATE, [fresh, pool, at])
      return told('created', fresh)
    case 'link':
      if (!(await add(decision.identity))) return null
      await transaction.run(TOUCH, [decision.identity, at])
      return told('linked', decision.identity)
  }
}

async function findWith(reads: Reads, identity: IdentityId): Promise<StoredIdentity | null> {
  return identitiesOf(await reads.query<IdentityRow>(FIND, [textArray([identity])]))[0] ?? null
}

async function ownerWith(reads: Reads, pool: IdentityPoolId, login: Login): Promise<IdentityId | null> {
  const [row] = await reads.query<{ identity: IdentityId }>(OWNER, [pool, login.provider, login.userId])
  return row?.identity ?? null
}

// OFFSET 0 keeps each look-up one by key, however many are asked for and whatever the planner thinks of the tables' sizes.
const FIND = prepared(`SELECT ${IDENTITY_COLUMNS} FROM unnest($1::text[]) AS wanted (identity_id)
  CROSS JOIN LATERAL (SELECT * FROM identity WHERE identity.identity_id = wanted.identity_id OFFSET 0) AS i
  JOIN identity_pool AS p ON p.pool_id = i.pool_id
  LEFT JOIN LATERAL (SELECT provider, user_id FROM login WHERE login.identity_id = i.identity_id OFFSET 0) AS l ON true
  ORDER BY l.provider, l.user_id`)

const LIST = prepared(`SELECT ${IDENTITY_COLUMNS} FROM (
    SELECT identity.* FROM identity JOIN identity_pool AS p ON p.pool_id = identity.pool_id
    WHERE identity.pool_id = $1 AND identity_id > $2 AND (disabled_at IS NULL OR NOT $4::boolean)
    ORDER BY identity_id LIMIT $3
  ) AS i LEFT JOIN login AS l ON l.identity_id = i.identity_id ORDER BY i.identity_id, l.provider, l.user_id`)

const IS_ACTIVE = prepared(`SELECT 1 FROM identity AS i JOIN identity_pool AS p ON p.pool_id = i.pool_id
  WHERE i.identity_id = $1 AND i.pool_id = $2 AND i.disabled_at IS NULL`)

const OWNER =
  prepared(`SELECT l.identity_id AS identity FROM login AS l JOIN identity_pool AS p ON p.pool_id = l.pool_id
  WHERE l.pool_id = $1 AND l.provider = $2 AND l.user_id = $3`)

// A pool cannot go while an identity of it is being made, or that would be left behind.
const LOCK_POOL = prepared('SELECT 1 FROM identity_pool WHERE pool_id = $1 FOR KEY SHARE')

const LOCK_IDENTITY = prepared('SELECT 1 FROM identity WHERE identity_id = $1 FOR NO KEY UPDATE')

const CREATE = prepared(`INSERT INTO identity (identity_id, pool_id, created_at, modified_at, disabled_at)
  SELECT $1, pool_id, $3::bigint, $3::bigint, NULL FROM identity_pool WHERE pool_id = $2 FOR KEY SHARE`)

// Waits for others who are about to add the same login; what they added is then theirs.
const ADD_LOGIN = prepared(`INSERT INTO login (pool_id, provider, user_id, identity_id, created_at)
  VALUES ($1, $2, $3, $4, $5) ON CONFLICT (pool_id, provider, user_id) DO NOTHING`)

const TOUCH = prepared('UPDATE identity SET modified_at = $2 WHERE identity_id = $1')

const DISABLE = prepared(`UPDATE identity SET disabled_at = $2::bigint, modified_at = $2::bigint
  WHERE identity_id = $1 AND disabled_at IS NULL
    AND EXISTS (SELECT 1 FROM identity_pool AS p WHERE p.pool_id = identity.pool_id)`)

const LOCK_TO_DELETE = prepared(`SELECT i.identity_id AS identity, i.pool_id AS pool FROM identity AS i
  JOIN identity_pool AS p ON p.pool_id = i.pool_id
  WHERE i.identity_id = ANY ($1::text[]) ORDER BY i.identity_id FOR UPDATE OF i`)

const FORGET_LOGINS = prepared('DELETE FROM login WHERE identity_id = ANY ($1::text[])')

const DOOM =
  prepared(`WITH gone AS (DELETE FROM identity WHERE identity_id = ANY ($1::text[]) RETURNING identity_id, pool_id)
  INSERT INTO doomed_identity (identity_id, pool_id, doomed_at) SELECT identity_id, pool_id, $2::bigint FROM gone
  ON CONFLICT (identity_id) DO NOTHING`)
