import { join } from 'node:path'
import { Keyring } from '../access/keyring.js'
import { ConfigFault } from './config-fault.js'
import type { Config } from './config.js'
import { MASTER_KEY_FILE, masterKeyOf, otherMasterKeysOf } from './master-key-files.js'

type KeySettings = Pick<Config, 'dataDir' | 'masterKey' | 'otherMasterKeys'>

/**
 * The master keys of a server. The files of the data directory are read only where the settings name no master key; where there is none
 * either, `create` makes it.
 */
export function keyringOf({ dataDir, masterKey: given, otherMasterKeys }: KeySettings, create: () => string): Keyring {
  if (given !== null) return new Keyring([given, ...otherMasterKeys])
  const masterKey = masterKeyOf(dataDir, create)
  return new Keyring([masterKey, ...otherMasterKeysOf(dataDir, masterKey), ...otherMasterKeys])
}

/** As {@link keyringOf}, for a command, which makes nothing; throws a {@link ConfigFault} where a server never started. */
export const existingKeyringOf = (settings: KeySettings): Keyring =>
  keyringOf(settings, () => {
    throw new ConfigFault([
      `there is no ${join(settings.dataDir, MASTER_KEY_FILE)}, and SATCHEL_MASTER_KEY is not set. A server makes it when it starts.`,
    ])
  })
