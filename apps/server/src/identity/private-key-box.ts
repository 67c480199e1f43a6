import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import type { Keyring, Subkeys } from '../access/keyring.js'
import type { Random } from '../runtime/random.js'

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** A private key that was opened, and the place in the keyring of the master key it was closed under. */
export type OpenedPrivateKey = Readonly<{ privateKey: Buffer; place: number }>

/** Closes private keys for the database, under a key that follows from the first master key; opens with any (SPEC J2, KR1). */
export class PrivateKeyBox {
  /** Names of the master keys that it opens with, the first of which closes. */
  readonly fingerprints: Keyring['fingerprints']
  private readonly keys: Subkeys

  constructor(
    keyring: Keyring,
    private readonly random: Random,
  ) {
    this.keys = keyring.subkeys('signing-keys')
    this.fingerprints = keyring.fingerprints
  }

  /** Base64 of nonce, tag and ciphertext; opens only for the same `kid`. */
  close(kid: string, privateKey: Buffer): string {
    const nonce = this.random.bytes(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, this.keys[0], nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(kid))
    const closed = Buffer.concat([cipher.update(privateKey), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), closed]).toString('base64')
  }

  /** Null for a key that was closed under a master key which is not in the ring, for another `kid`, or altered. */
  open(kid: string, closed: string): OpenedPrivateKey | null {
    const bytes = Buffer.from(closed, 'base64')
    for (const [place, key] of this.keys.entries()) {
      const privateKey = openedWith(key, kid, bytes)
      if (privateKey !== null) return { privateKey, place }
    }
    return null
  }
}

function openedWith(key: KeyObject, kid: string, bytes: Buffer): Buffer | null {
  try {
    const nonce = bytes.subarray(0, NONCE_BYTES)
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(kid))
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()])
  } catch {
    return null // its tag, or its very form, is not what this key makes
  }
}
