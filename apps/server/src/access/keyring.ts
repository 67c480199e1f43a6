import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'

/** Master keys of 32 bytes: the one that closes, then those that open as well. */
export type MasterKeys = readonly [Buffer, ...Buffer[]]

/** Keys of one use, in the order of the master keys they follow from. */
export type Subkeys = readonly [KeyObject, ...KeyObject[]]

/** Master keys beside the one that closes; each costs what does not open one attempt more. */
export const OTHER_MASTER_KEYS_MAX = 4

/**
 * The master keys of a server. The first one closes whatever is sealed from now on; what any of them has closed opens (KR1). Nobody
 * else holds a master key: every use has keys of its own that follow from them.
 */
export class Keyring {
  /** Names of the master keys, in their order. Nothing of a key follows from its name. */
  readonly fingerprints: readonly [string, ...string[]]
  private readonly masterKeys: MasterKeys

  /** A key that is given twice counts once. Throws for one that has not 32 bytes. */
  constructor([first, ...others]: MasterKeys) {
    for (const key of [first, ...others]) {
      if (key.length !== 32) throw new Error(`the master key has ${key.length} bytes, it must have 32`)
    }
    const different = others.filter(
      (key, at) => !key.equals(first) && others.findIndex((other) => other.equals(key)) === at,
    )
    this.masterKeys = [first, ...different]
    this.fingerprints = [fingerprintOf(first), ...different.map(fingerprintOf)]
  }

  /** A key of its own for a use, of each master key (HKDF-SHA256): close with the first one, open with any. */
  subkeys(use: string): Subkeys {
    const [first, ...others] = this.masterKeys
    return [subkey(first, use), ...others.map((key) => subkey(key, use))]
  }
}

/** Twelve hexadecimal digits by which a master key is told from others. */
export const fingerprintOf = (masterKey: Buffer): string =>
  createHmac('sha256', subkey(masterKey, 'fingerprint')).digest('hex').slice(0, 12)

const subkey = (masterKey: Buffer, use: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync('sha256', masterKey, Buffer.alloc(0), `satchel/${use}`, 32)))
