import { existsSync } from 'node:fs'
import type { SigningKeyStore } from '../signing-key-store.js'
import { schemaOf } from './bring-up-to-date.js'
import { SigningKeyEntity } from './entities/signing-key.entity.js'
import { Lane } from './lane.js'
import { migrations } from './migrations/migrations.js'
import { refuseOtherVersion } from './refuse-other-version.js'
import { releaseOf } from './release.js'
import { silentLogger } from './silent-logger.js'
import { tuneWriter } from './sqlite-pragmas.js'
import { SqliteSigningKeyStore } from './sqlite-signing-key-store.js'
import { DataSource } from './typeorm.js'

/** The signing keys of a database, for a command beside its servers. */
export type OpenedSigningKeys = Readonly<{ signingKeys: SigningKeyStore; close: () => Promise<void> }>

/**
 * Opens a database for its signing keys alone, without taking its directory: a server may run on it and go on writing. Rejects with a sentence when
 * there is none, or when another version has written it.
 */
export async function openSigningKeys(file: string): Promise<OpenedSigningKeys> {
  if (!existsSync(file)) throw new Error(`there is no database ${file}`)
  const source = await new DataSource({
    type: 'better-sqlite3',
    database: file,
    entities: [SigningKeyEntity],
    logger: silentLogger,
    prepareDatabase: tuneWriter,
  }).initialize()
  try {
    const runner = source.createQueryRunner()
    refuseOtherVersion(file, await schemaOf(source), releaseOf(migrations))
    const lane = new Lane(runner)
    return {
      // Nobody else reads through this connection while a transaction is open on it.
      signingKeys: new SqliteSigningKeyStore({ reads: runner, lane }),
      close: async () => {
        await lane.close()
        await source.destroy()
      },
    }
  } catch (cause) {
    await source.destroy()
    throw cause
  }
}
