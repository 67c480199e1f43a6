import type { OpenedSigningKeys } from '../open-signing-keys.js'
import { connectToThisVersion } from './connect-to-this-version.js'
import type { PostgresOptions } from './postgres-database.js'
import { PostgresSigningKeyStore } from './postgres-signing-key-store.js'

/** As `openSigningKeys`, for a PostgreSQL database. */
export async function openPostgresSigningKeys(
  options: Pick<PostgresOptions, 'url' | 'clock' | 'random'>,
): Promise<OpenedSigningKeys> {
  const database = await connectToThisVersion(options)
  return { signingKeys: new PostgresSigningKeyStore(database), close: () => database.close() }
}
