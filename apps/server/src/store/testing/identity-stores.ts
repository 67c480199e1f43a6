import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IdentityStore } from '../identity-store.js'
import { MemoryDatabase } from '../memory/memory-database.js'
import { MemoryIdentityStore } from '../memory/memory-identity-store.js'
import { MemoryPoolStore } from '../memory/memory-pool-store.js'
import { MemorySigningKeyStore } from '../memory/memory-signing-key-store.js'
import type { PoolStore } from '../pool-store.js'
import type { SigningKeyStore } from '../signing-key-store.js'
import { SqliteDatabase } from '../typeorm/sqlite-database.js'
import { SqliteIdentityStore } from '../typeorm/sqlite-identity-store.js'
import { SqlitePoolStore } from '../typeorm/sqlite-pool-store.js'
import { SqliteSigningKeyStore } from '../typeorm/sqlite-signing-key-store.js'

/** The stores of the identity side over one database of a test's own. */
export type IdentityStores = Readonly<{
  identities: IdentityStore
  pools: PoolStore
  signingKeys: SigningKeyStore
  close(): Promise<void>
}>

export function memoryIdentityStores(): Promise<IdentityStores> {
  const database = new MemoryDatabase()
  return Promise.resolve({
    identities: new MemoryIdentityStore(database),
    pools: new MemoryPoolStore(database),
    signingKeys: new MemorySigningKeyStore(),
    close: () => Promise.resolve(),
  })
}

/** On a real file, removed at close. */
export async function sqliteIdentityStores(
  directory = mkdtempSync(join(tmpdir(), 'satchel-identity-')),
): Promise<IdentityStores> {
  const database = await SqliteDatabase.open(join(directory, 'satchel.db'))
  return {
    identities: new SqliteIdentityStore(database),
    pools: new SqlitePoolStore(database),
    signingKeys: new SqliteSigningKeyStore(database),
    close: async () => {
      await database.close()
      rmSync(directory, { recursive: true })
    },
  }
}
