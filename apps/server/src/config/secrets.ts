import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../runtime/random.js'
import { parseCredentialsFile, printCredentialsFile } from './credentials-file.js'
import type { AdminCredentials, Config } from './config.js'
import { ConfigFault } from './config-fault.js'
import { errnoOf } from './errno.js'
import { masterKey as masterKeyCheck, MASTER_KEY_BYTES } from './setting-checks.js'
import { readOrCreate } from './secret-file.js'

export const ADMIN_FILE = 'admin-credentials'
export const MASTER_KEY_FILE = 'master.key'

/**
 * The two secrets of a server: from the settings, else from files of the data directory, which are generated
 * once, readable by their owner only, and never written again (SPEC O7, O8).
 */
export class Secrets {
  private constructor(
    readonly masterKey: Buffer,
    readonly admin: AdminCredentials,
    /** Where the admin credentials are, as an AWS shared-credentials file; null when they were given as settings. */
    readonly adminFile: string | null,
    /** Sentences about directories and files that other users can read. */
    readonly warnings: readonly string[],
  ) {}

  /** Creates the data directory where it is missing; throws {@link ConfigFault} with every file that is broken. */
  static open(config: Pick<Config, 'dataDir' | 'admin' | 'masterKey'>, random: Random): Secrets {
    const { dataDir } = config
    openDirectory(dataDir)
    const adminFile = config.admin === null ? join(dataDir, ADMIN_FILE) : null
    const keyFile = config.masterKey === null ? join(dataDir, MASTER_KEY_FILE) : null

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
    const masterKey = keyFile === null ? config.masterKey : attempt(() => masterKeyFrom(keyFile, random))
    if (admin === null || masterKey === null) throw new ConfigFault(faults)

    const readByOthers = [dataDir, adminFile, keyFile].filter((path) => path !== null).filter(isOpenToOthers)
    return new Secrets(masterKey, admin, adminFile, readByOthers.map(openToOthersWarning))
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
  if (credentials === null) throw new ConfigFault([`${path} ${fault}.${REMEDY}`])
  return credentials
}

function masterKeyFrom(path: string, random: Random): Buffer {
  const text = readSecretFile(path, () => `${random.bytes(MASTER_KEY_BYTES).toString('base64')}\n`).trim()
  const wrong = masterKeyCheck(text)
  if (wrong !== null) throw new ConfigFault([`${path} ${wrong}, it must hold 32 bytes as base64.${REMEDY}`])
  return Buffer.from(text, 'base64')
}

function readSecretFile(path: string, create: () => string): string {
  try {
    return readOrCreate(path, create)
  } catch (cause) {
    throw refusedBySystem(`${path} cannot be read or created`, cause)
  }
}

/** 40 characters for the secret, as AWS's own have. */
function newAdminCredentials(random: Random): AdminCredentials {
  return { accessKeyId: `AKIA${base32(random.bytes(16))}`, secretAccessKey: random.bytes(30).toString('base64') }
}

/** One letter for each byte: 32 divides 256, so all are equally likely. */
const base32 = (bytes: Buffer): string => Array.from(bytes, (byte) => BASE32[byte % 32]).join('')

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

const REMEDY = ' It is never overwritten: restore it from a backup, or move it away to have a new one made.'

/** Windows has no such bits. */
const isOpenToOthers = (path: string): boolean => process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0

function openToOthersWarning(path: string): string {
  const mode = (statSync(path).mode & 0o777).toString(8).padStart(4, '0')
  return `${path} has mode ${mode}: other users of this machine can reach it; chmod go= makes it yours alone.`
}

/** What the system refused is a fault; anything else is a defect and stays one. */
function refusedBySystem(what: string, cause: unknown): unknown {
  const errno = errnoOf(cause)
  return errno === null ? cause : new ConfigFault([`${what} (${errno}).`])
}
