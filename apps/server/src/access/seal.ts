import { createHmac, createSecretKey, hkdfSync, timingSafeEqual, type KeyObject } from 'node:crypto'

/** What a sealed text is for; one made for another purpose never opens. */
export type SealPurpose = 'credentials' | 'page' | 'stream-records' | 'sync-session'

/** Names the key that sealed a text, and makes it begin with a letter, so that no shell takes it for an option. */
const KEY_VERSION = 'A'
const MAC_LENGTH = 43 // base64url of 32 bytes
const SEALED_LENGTH_MAX = 16_384

/**
 * Texts that the server hands out and believes when they come back: authenticated under the master key and
 * bound to a purpose and a context (for a sync session: pool, identity, dataset). What they say is not
 * secret, it just cannot be altered, made up, or used elsewhere (SPEC S1).
 */
export class Seal {
  private readonly keysByPurpose: Readonly<Record<SealPurpose, KeyObject>>

  /** Takes the 32 bytes of SATCHEL_MASTER_KEY. */
  constructor(masterKey: Buffer) {
    this.keysByPurpose = {
      credentials: subkey(masterKey, 'credentials'),
      page: subkey(masterKey, 'page'),
      'stream-records': subkey(masterKey, 'stream-records'),
      'sync-session': subkey(masterKey, 'sync-session'),
    }
  }

  /** Seals a text; the same four inputs give the same answer. */
  close(purpose: SealPurpose, context: readonly string[], text: string): string {
    return sealUnder(this.keysByPurpose[purpose], context, text)
  }

  /** The text inside, or null for anything that was not sealed here for this purpose and context. */
  open(purpose: SealPurpose, context: readonly string[], sealed: string): string | null {
    if (sealed.length > SEALED_LENGTH_MAX || sealed.length < 1 + MAC_LENGTH || !sealed.startsWith(KEY_VERSION))
      return null
    const body = sealed.slice(1 + MAC_LENGTH)
    const given = Buffer.from(sealed.slice(1, 1 + MAC_LENGTH), 'utf8')
    const expected = Buffer.from(macUnder(this.keysByPurpose[purpose], context, body), 'utf8')
    // A character outside the alphabet is at least one byte that differs, or one more; either way it does not match.
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null
    return Buffer.from(body, 'base64url').toString('utf8')
  }
}

/** Seals a text as {@link Seal.close} does, where only the key of the one purpose is at hand: `subkey(masterKey, purpose)`. */
export function sealUnder(key: KeyObject, context: readonly string[], text: string): string {
  const body = Buffer.from(text, 'utf8').toString('base64url')
  return `${KEY_VERSION}${macUnder(key, context, body)}${body}`
}

function macUnder(key: KeyObject, context: readonly string[], body: string): string {
  let text = ''
  // Lengths in front keep ['ab', 'c'] and ['a', 'bc'] apart.
  for (const part of context) text += `${part.length}:${part},`
  return createHmac('sha256', key)
    .update(text + body)
    .digest('base64url')
}

/** A key of its own for each use, derived from the master key (HKDF-SHA256). */
export function subkey(masterKey: Buffer, use: string): KeyObject {
  if (masterKey.length !== 32) throw new Error(`the master key has ${masterKey.length} bytes, it must have 32`)
  return createSecretKey(Buffer.from(hkdfSync('sha256', masterKey, Buffer.alloc(0), `satchel/${use}`, 32)))
}
