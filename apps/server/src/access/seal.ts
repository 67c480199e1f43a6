import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto'
import type { Keyring, Subkeys } from './keyring.js'

/** What a sealed text is for; one made for another purpose never opens. */
export type SealPurpose = 'credentials' | 'page' | 'stream-records' | 'sync-session'

/** Names the form of a sealed text, and makes it begin with a letter, so that no shell takes it for an option. */
const FORM = 'A'
const MAC_LENGTH = 43 // base64url of 32 bytes
const SEALED_LENGTH_MAX = 16_384

/** A text that was opened, and the place in the keyring of the master key it was sealed under. */
export type OpenedText = Readonly<{ text: string; place: number }>

/**
 * Texts that the server hands out and believes when they come back: authenticated under a master key and
 * bound to a purpose and a context (for a sync session: pool, identity, dataset). What they say is not
 * secret, it just cannot be altered, made up, or used elsewhere (SPEC S1). What is sealed under a key does not say under
 * which, so a server that was never told of other keys opens it as well (KR2).
 */
export class Seal {
  private readonly keysByPurpose: Readonly<Record<SealPurpose, Subkeys>>

  constructor(keyring: Keyring) {
    this.keysByPurpose = {
      credentials: keyring.subkeys('credentials'),
      page: keyring.subkeys('page'),
      'stream-records': keyring.subkeys('stream-records'),
      'sync-session': keyring.subkeys('sync-session'),
    }
  }

  /** Seals a text under the first key; the same four inputs give the same answer. */
  close(purpose: SealPurpose, context: readonly string[], text: string): string {
    return sealUnder(this.keysByPurpose[purpose][0], context, text)
  }

  /** The text inside, or null for anything that was not sealed here for this purpose and context. */
  open(purpose: SealPurpose, context: readonly string[], sealed: string): string | null {
    return this.opened(purpose, context, sealed)?.text ?? null
  }

  /** As {@link Seal.open}, for whoever has to know the key as well. */
  opened(purpose: SealPurpose, context: readonly string[], sealed: string): OpenedText | null {
    if (sealed.length > SEALED_LENGTH_MAX || sealed.length < 1 + MAC_LENGTH || !sealed.startsWith(FORM)) return null
    const body = sealed.slice(1 + MAC_LENGTH)
    const given = Buffer.from(sealed.slice(1, 1 + MAC_LENGTH), 'utf8')
    const place = this.keysByPurpose[purpose].findIndex((key) => isMac(given, macUnder(key, context, body)))
    return place < 0 ? null : { text: Buffer.from(body, 'base64url').toString('utf8'), place }
  }
}

/** Seals a text as {@link Seal.close} does, where only the key of the one purpose is at hand: the first of `keyring.subkeys(purpose)`. */
export function sealUnder(key: KeyObject, context: readonly string[], text: string): string {
  const body = Buffer.from(text, 'utf8').toString('base64url')
  return `${FORM}${macUnder(key, context, body)}${body}`
}

function macUnder(key: KeyObject, context: readonly string[], body: string): string {
  let text = ''
  // Lengths in front keep ['ab', 'c'] and ['a', 'bc'] apart.
  for (const part of context) text += `${part.length}:${part},`
  return createHmac('sha256', key)
    .update(text + body)
    .digest('base64url')
}

/** A character outside the alphabet is at least one byte that differs, or one more; either way it does not match. */
function isMac(given: Buffer, mac: string): boolean {
  const expected = Buffer.from(mac, 'utf8')
  return given.length === expected.length && timingSafeEqual(given, expected)
}
