import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { subkey } from '../access/seal.js'
import type { Random } from '../runtime/random.js'

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Closes private keys for the database, under a key that follows from the master key (SPEC J2). */
export class PrivateKeyBox {
  private readonly key: KeyObject

  constructor(
    masterKey: Buffer,
    private readonly random: Random,
  ) {
    this.key = subkey(masterKey, 'signing-keys')
  }

  /** Base64 of nonce, tag and ciphertext; opens only for the same `kid`. */
  close(kid: string, privateKey: Buffer): string {
    const nonce = this.random.bytes(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, this.key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(kid))
    const closed = Buffer.concat([cipher.update(privateKey), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), closed]).toString('base64')
  }

  /** Throws a sentence for the operator when the key was closed under another master key, or altered. */
  open(kid: string, closed: string): Buffer {
    const bytes = Buffer.from(closed, 'base64')
    try {
      const nonce = bytes.subarray(0, NONCE_BYTES)
      const decipher = createDecipheriv(CIPHER, this.key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(kid))
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()])
    } catch (cause) {
      throw new Error(
        `the signing key ${kid} in the database does not open with this master key; start with the master key it was made under`,
        { cause },
      )
    }
  }
}
