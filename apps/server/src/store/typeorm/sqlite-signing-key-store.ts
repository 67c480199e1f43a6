import type { ClosedAnew, SigningKeyStore, StoredSigningKey } from '../signing-key-store.js'
import { SigningKeyEntity } from './entities/signing-key.entity.js'
import type { SqliteDatabase } from './sqlite-database.js'

const OLDEST_FIRST = { order: { createdAt: 'ASC', kid: 'ASC' } } as const

/** Keeps signing keys in SQLite; a server and a command may each have one on the same file. */
export class SqliteSigningKeyStore implements SigningKeyStore {
  constructor(private readonly database: Pick<SqliteDatabase, 'reads' | 'lane'>) {}

  async list(): Promise<readonly StoredSigningKey[]> {
    return (await this.database.reads.manager.find(SigningKeyEntity, OLDEST_FIRST)).map(keyOf)
  }

  addFirst(key: StoredSigningKey): Promise<readonly StoredSigningKey[]> {
    return this.database.lane.transaction(async ({ manager }) => {
      if ((await manager.count(SigningKeyEntity)) === 0) await manager.insert(SigningKeyEntity, rowOf(key))
      return (await manager.find(SigningKeyEntity, OLDEST_FIRST)).map(keyOf)
    })
  }

  addNext(key: StoredSigningKey, now: number): Promise<readonly StoredSigningKey[]> {
    return this.database.lane.transaction(async ({ manager }) => {
      const held = (await manager.find(SigningKeyEntity, OLDEST_FIRST)).map(keyOf)
      if (held.some(({ kid, signsFrom }) => kid === key.kid || signsFrom > now)) return held
      await manager.insert(SigningKeyEntity, rowOf(key))
      return (await manager.find(SigningKeyEntity, OLDEST_FIRST)).map(keyOf)
    })
  }

  replaceClosed(keys: readonly ClosedAnew[]): Promise<number> {
    return this.database.lane.transaction(async ({ manager }) => {
      let replaced = 0
      for (const { kid, was, closedPrivateKey, closedUnder } of keys) {
        const columns = { closedPrivateKey, closedUnder: closedUnder.fingerprint, closedAt: closedUnder.at }
        const { affected } = await manager.update(SigningKeyEntity, { kid, closedPrivateKey: was }, columns)
        replaced += affected ?? 0
      }
      return replaced
    })
  }

  remove(kids: readonly string[]): Promise<number> {
    return this.database.lane.transaction(async ({ manager }) => {
      let removed = 0
      for (const kid of kids) removed += (await manager.delete(SigningKeyEntity, { kid })).affected ?? 0
      return removed
    })
  }
}

function keyOf({ kid, publicJwk, closedPrivateKey, ...row }: SigningKeyEntity): StoredSigningKey {
  const { createdAt, signsFrom, closedUnder, closedAt } = row
  return {
    kid,
    publicJwk,
    closedPrivateKey,
    createdAt,
    signsFrom: signsFrom ?? createdAt,
    closedUnder: closedUnder === null || closedAt === null ? null : { fingerprint: closedUnder, at: closedAt },
  }
}

const rowOf = ({ closedUnder, ...key }: StoredSigningKey): SigningKeyEntity => ({
  ...key,
  closedUnder: closedUnder?.fingerprint ?? null,
  closedAt: closedUnder?.at ?? null,
})
