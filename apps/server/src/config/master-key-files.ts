import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fingerprintOf, OTHER_MASTER_KEYS_MAX } from '../access/keyring.js'
import type { Random } from '../runtime/random.js'
import { ConfigFault } from './config-fault.js'
import { readSecretFile, SECRET_FILE_REMEDY } from './read-secret-file.js'
import { masterKey as masterKeyCheck, MASTER_KEY_BYTES } from './setting-checks.js'

export const MASTER_KEY_FILE = 'master.key'

/** Where a master key is kept that is believed beside the one in `master.key`. */
export const otherMasterKeyFile = (fingerprint: string): string => `${MASTER_KEY_FILE}.${fingerprint}`

export const isOtherMasterKeyFile = (name: string): boolean => OTHER_FILE.test(name)

/** The names of the files of a directory that hold master keys beside `master.key`. */
export const otherMasterKeyFiles = (dataDir: string): readonly string[] =>
  readdirSync(dataDir).filter(isOtherMasterKeyFile).sort()

/** The master key of a data directory, which `create` makes where there is none. Throws a {@link ConfigFault} that names a broken file. */
export const masterKeyOf = (dataDir: string, create: () => string): Buffer =>
  keyIn(join(dataDir, MASTER_KEY_FILE), create)

/** The other master keys of a data directory; as {@link masterKeyOf}, and throws when there are too many. */
export function otherMasterKeysOf(dataDir: string, masterKey: Buffer): readonly Buffer[] {
  // The present key has a file of this kind as well, once it was changed.
  const own = otherMasterKeyFile(fingerprintOf(masterKey))
  const names = otherMasterKeyFiles(dataDir).filter((name) => name !== own)
  if (names.length > OTHER_MASTER_KEYS_MAX) {
    throw new ConfigFault([
      `${dataDir} holds ${names.length} master keys beside the present one, at most ${OTHER_MASTER_KEYS_MAX} are tried: ` +
        `move those away that "npx satchel keys" says are no longer needed (${names.join(', ')}).`,
    ])
  }
  return names.map((name) => namedKeyIn(dataDir, name))
}

function namedKeyIn(dataDir: string, name: string): Buffer {
  const path = join(dataDir, name)
  const key = keyIn(path, () => {
    throw new ConfigFault([`${path} was there a moment ago, and is gone.`])
  })
  if (otherMasterKeyFile(fingerprintOf(key)) === name) return key
  throw new ConfigFault([`${path} holds another master key than the one it is named after.${SECRET_FILE_REMEDY}`])
}

function keyIn(path: string, create: () => string): Buffer {
  const text = readSecretFile(path, create).trim()
  const wrong = masterKeyCheck(text)
  if (wrong !== null) throw new ConfigFault([`${path} ${wrong}, it must hold 32 bytes as base64.${SECRET_FILE_REMEDY}`])
  return Buffer.from(text, 'base64')
}

/** As it stands in a file. */
export const newMasterKey = (random: Random): string => `${random.bytes(MASTER_KEY_BYTES).toString('base64')}\n`

const OTHER_FILE = /^master\.key\.[0-9a-f]{12}$/
