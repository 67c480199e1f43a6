import { join } from 'node:path'
import type { Config } from '../config/config.js'
import { SystemClock } from '../runtime/clock.js'
import { SystemRandom } from '../runtime/random.js'
import { DATABASE_FILE } from '../store/database-file.js'
import { openSigningKeys, type OpenedSigningKeys } from '../store/typeorm/open-signing-keys.js'

/** Does `work` with the signing keys of the database that the settings name, whether servers run on it or not. Rejects with a sentence when it cannot be used. */
export async function withSigningKeys<T>(
  { databaseUrl: url, dataDir }: Pick<Config, 'databaseUrl' | 'dataDir'>,
  work: (signingKeys: OpenedSigningKeys['signingKeys']) => Promise<T>,
): Promise<T> {
  const opened = await (url === null ? openSigningKeys(join(dataDir, DATABASE_FILE)) : openedOnPostgres(url))
  try {
    return await work(opened.signingKeys)
  } finally {
    await opened.close()
  }
}

async function openedOnPostgres(url: string): Promise<OpenedSigningKeys> {
  // Its driver is loaded only where it is wanted.
  const { openPostgresSigningKeys } = await import('../store/typeorm/postgres/open-postgres-signing-keys.js')
  return openPostgresSigningKeys({ url, clock: new SystemClock(), random: new SystemRandom() })
}
