import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Keyring } from '../access/keyring.js'
import type { Random } from '../runtime/random.js'
import { parseCredentialsFile, printCredentialsFile } from './credentials-file.js'
import type { AdminCredentials, Config } from './config.js'
import { ConfigFault } from './config-fault.js'
import { keyringOf } from './keyring-of.js'
import { MASTER_KEY_FILE, newMasterKey, otherMasterKeyFiles } from './master-key-files.js'
import { readSecretFile, refusedBySystem, SECRET_FILE_REMEDY } from './read-secret-file.js'

export const ADMIN_FILE = 'admin-credentials'

/**
 * The two secrets of a server: from the settings, else from files of the data directory, which are generated
 * once, readable by their owner only, and never written again (SPEC O7, O8), unless somebody asks for a new master key (KR12).
 */
export class Secrets {
  private constructor(
    readonly keyring: Keyring,
    readonly admin: AdminCredentials,
    /** Where the admin credentials are, as an AWS shared-credentials file; null when they were given as settings. */
    readonly adminFile: string | null,
    /** Sentences about directories and files that other users can read. */
    readonly warnings: readonly string[],
  ) {}

  /** Creates the data directory where it is missing; throws {@link ConfigFault} with every file that is broken. */
  static open(config: Pick<Config, 'dataDir' | 'admin' | 'masterKey' | 'otherMasterKeys'>, random: Random): Secrets {
    const { dataDir } = config
    openDirectory(dataDir)
    const adminFile = config.admin === null ? join(dataDir, ADMIN_FILE) : null

    const faults: string[] = []
    const attempt = <T>(read: () => T): T | null => {
      try {
        return read()
      } catch (cause) {
        if (!(cause instanceof ConfigFault)) throw cause
        faults.push(...cause.faults)
        return null
      }
    }
    const admin = adminFile === null ? config.admin : attempt(() => adminFrom(adminFile, random))
    const keyring = attempt(() => keyringOf(config, () => newMasterKey(random)))
    if (admin === null || keyring === null) throw new ConfigFault(faults)

    const keyFiles = config.masterKey === null ? [MASTER_KEY_FILE, ...otherMasterKeyFiles(dataDir)] : []
    const files = [adminFile, ...keyFiles.map((name) => join(dataDir, name))]
    const readByOthers = [dataDir, ...files].filter((path) => path !== null).filter(isOpenToOthers)
    return new Secrets(keyring, admin, adminFile, readByOthers.map(openToOthersWarning))
  }
}

function openDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw refusedBySystem(`SATCHEL_DATA_DIR: ${path} cannot be created`, cause)
  }
}

function adminFrom(path: string, random: Random): AdminCredentials {
  const text = readSecretFile(path, () => printCredentialsFile(newAdminCredentials(random)))
  const { credentials, fault } = parseCredentialsFile(text)
  if (credentials === null) throw new ConfigFault([`${path} ${fault}.${SECRET_FILE_REMEDY}`])
  return credentials
}

/** 40 characters for the secret, as AWS's own have. */
function newAdminCredentials(random: Random): AdminCredentials {
  return { accessKeyId: `AKIA${base32(random.bytes(16))}`, secretAccessKey: random.bytes(30).toString('base64') }
}

/** One letter for each byte: 32 divides 256, so all are equally likely. */
const base32 = (bytes: Buffer): string => Array.from(bytes, (byte) => BASE32[byte % 32]).join('')

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Windows has no such bits. */
const isOpenToOthers = (path: string): boolean => process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0

function openToOthersWarning(path: string): string {
  const mode = (statSync(path).mode & 0o777).toString(8).padStart(4, '0')
  return `${path} has mode ${mode}: other users of this machine can reach it; chmod go= makes it yours alone.`
}
