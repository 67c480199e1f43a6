import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { QueryRunner } from 'typeorm'
import type { Login, StoredIdentity } from '../../domain/identity.js'
import type { SignInDecision, SignInFacts } from '../../domain/linking.js'
import type { IdentityInPool, IdentityStore, SignIn, SignInOutcome } from '../identity-store.js'
import { IdentityEntity } from './entities/identity.entity.js'
import { LoginEntity } from './entities/login.entity.js'
import { IDENTITY_COLUMNS, identitiesOf, type IdentityRow } from './identity-row.js'
import type { SqliteDatabase } from './sqlite-database.js'

/** Keeps identities in SQLite: writes through the lane, reads through the read-only connection. */
export class SqliteIdentityStore implements IdentityStore {
  constructor(private readonly database: SqliteDatabase) {}

  find(identity: IdentityId): Promise<StoredIdentity | null> {
    return findWith(this.database.reads, identity)
  }

  async findSeveral(identities: readonly IdentityId[]): Promise<readonly StoredIdentity[]> {
    return identitiesOf(await query<IdentityRow>(this.database.reads, FIND, [JSON.stringify(identities)]))
  }

  async isActive(identity: IdentityId, pool: IdentityPoolId): Promise<boolean> {
    return (await query(this.database.reads, IS_ACTIVE, [identity, pool])).length > 0
  }

  findByLogin(pool: IdentityPoolId, login: Login): Promise<IdentityId | null> {
    return ownerWith(this.database.reads, pool, login)
  }

  createGuest({ identity, pool, at }: IdentityInPool & Readonly<{ at: number }>): Promise<boolean> {
    return this.database.lane.transaction(async (runner) => {
      const { affected } = await runner.query(CREATE, [identity, pool, at, at, pool], true)
      return affected === 1
    })
  }

  signIn(signIn: SignIn, judge: (facts: SignInFacts) => SignInDecision): Promise<SignInOutcome> {
    return this.database.lane.transaction((runner) => judgeAndStore(runner, signIn, judge))
  }

  async list(
    pool: IdentityPoolId,
    { after, limit, hideDisabled }: Readonly<{ after: string; limit: number; hideDisabled: boolean }>,
  ): Promise<readonly StoredIdentity[]> {
    const sql = listOf(hideDisabled)
    return identitiesOf(await query<IdentityRow>(this.database.reads, sql, [pool, after, limit]))
  }

  disable(identity: IdentityId, at: number): Promise<boolean> {
    return this.database.lane.transaction(async (runner) => {
      const held = await findWith(runner, identity)
      if (held === null || held.disabledAt !== null) return false
      await runner.manager.update(IdentityEntity, { identityId: identity }, { disabledAt: at, modifiedAt: at })
      return true
    })
  }

  delete(identities: readonly IdentityId[], at: number): Promise<readonly IdentityInPool[]> {
    return this.database.lane.transaction(async (runner) => {
      const gone: IdentityInPool[] = []
      for (const identity of identities) {
        const held = await findWith(runner, identity)
        if (held === null) continue
        await runner.manager.delete(LoginEntity, { identityId: identity })
        await runner.manager.delete(IdentityEntity, { identityId: identity })
        await runner.query(DOOM, [identity, held.pool, at])
        gone.push({ identity, pool: held.pool })
      }
      return gone
    })
  }
}

async function judgeAndStore(
  runner: QueryRunner,
  { pool, login, named, fresh, at }: SignIn,
  judge: (facts: SignInFacts) => SignInDecision,
): Promise<SignInOutcome> {
  if ((await query(runner, HAS_POOL, [pool])).length === 0) return { kind: 'refused', why: 'no-such-pool' }
  const found = named === null ? null : await findWith(runner, named)
  const decision = judge({
    owner: await ownerWith(runner, pool, login),
    named: named === null ? 'none' : found?.pool === pool ? found : 'missing',
  })
  switch (decision.kind) {
    case 'refuse':
      return { kind: 'refused', why: decision.why }
    case 'use':
      return { kind: 'used', identity: (await findWith(runner, decision.identity))! }
    case 'create':
      await runner.query(CREATE, [fresh, pool, at, at, pool])
      await addLogin(runner, { pool, login, identity: fresh, at })
      return { kind: 'created', identity: (await findWith(runner, fresh))! }
    case 'link':
      await runner.manager.update(IdentityEntity, { identityId: decision.identity }, { modifiedAt: at })
      await addLogin(runner, { pool, login, identity: decision.identity, at })
      return { kind: 'linked', identity: (await findWith(runner, decision.identity))! }
  }
}

/** The primary key makes a second owner of a login impossible: this then throws and nothing is stored. */
async function addLogin(
  runner: QueryRunner,
  { pool, login, identity, at }: IdentityInPool & Readonly<{ login: Login; at: number }>,
): Promise<void> {
  await runner.manager.insert(LoginEntity, {
    poolId: pool,
    provider: login.provider,
    userId: login.userId,
    identityId: identity,
    createdAt: at,
  })
}

async function findWith(runner: QueryRunner, identity: IdentityId): Promise<StoredIdentity | null> {
  return identitiesOf(await query<IdentityRow>(runner, FIND, [JSON.stringify([identity])]))[0] ?? null
}

async function ownerWith(runner: QueryRunner, pool: IdentityPoolId, login: Login): Promise<IdentityId | null> {
  const [row] = await query<{ identity: IdentityId }>(runner, OWNER, [pool, login.provider, login.userId])
  return row?.identity ?? null
}

async function query<Row>(runner: QueryRunner, sql: string, parameters: unknown[]): Promise<readonly Row[]> {
  return (await runner.query(sql, parameters)) as Row[]
}

const FIND = `SELECT ${IDENTITY_COLUMNS} FROM identity i
  JOIN identity_pool p ON p.pool_id = i.pool_id
  LEFT JOIN login l ON l.identity_id = i.identity_id
  WHERE i.identity_id IN (SELECT value FROM json_each(?)) ORDER BY l.provider, l.user_id`

const listOf = (hideDisabled: boolean): string => `SELECT ${IDENTITY_COLUMNS} FROM (
    SELECT identity.* FROM identity JOIN identity_pool p ON p.pool_id = identity.pool_id
    WHERE identity.pool_id = ? AND identity_id > ? ${hideDisabled ? 'AND disabled_at IS NULL' : ''}
    ORDER BY identity_id LIMIT ?
  ) i LEFT JOIN login l ON l.identity_id = i.identity_id ORDER BY i.identity_id, l.provider, l.user_id`

const IS_ACTIVE = `SELECT 1 FROM identity i JOIN identity_pool p ON p.pool_id = i.pool_id
  WHERE i.identity_id = ? AND i.pool_id = ? AND i.disabled_at IS NULL`

const OWNER = `SELECT l.identity_id AS identity FROM login l JOIN identity_pool p ON p.pool_id = l.pool_id
  WHERE l.pool_id = ? AND l.provider = ? AND l.user_id = ?`

const HAS_POOL = 'SELECT 1 FROM identity_pool WHERE pool_id = ?'

const CREATE = `INSERT INTO identity (identity_id, pool_id, created_at, modified_at, disabled_at)
  SELECT ?, ?, ?, ?, NULL WHERE EXISTS (SELECT 1 FROM identity_pool WHERE pool_id = ?)`

const DOOM = 'INSERT OR IGNORE INTO doomed_identity (identity_id, pool_id, doomed_at) VALUES (?, ?, ?)'
