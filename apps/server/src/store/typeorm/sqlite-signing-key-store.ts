import type { SigningKeyStore, StoredSigningKey } from '../signing-key-store.js'
import { SigningKeyEntity } from './entities/signing-key.entity.js'
import type { SqliteDatabase } from './sqlite-database.js'

const OLDEST_FIRST = { order: { createdAt: 'ASC', kid: 'ASC' } } as const

/** Keeps signing keys in SQLite. */
export class SqliteSigningKeyStore implements SigningKeyStore {
  constructor(private readonly database: SqliteDatabase) {}

  list(): Promise<readonly StoredSigningKey[]> {
    return this.database.reads.manager.find(SigningKeyEntity, OLDEST_FIRST)
  }

  addFirst(key: StoredSigningKey): Promise<readonly StoredSigningKey[]> {
    return this.database.lane.transaction(async ({ manager }) => {
      if ((await manager.count(SigningKeyEntity)) === 0) await manager.insert(SigningKeyEntity, key)
      return manager.find(SigningKeyEntity, OLDEST_FIRST)
    })
  }
}
