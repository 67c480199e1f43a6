import { createHmac, createSecretKey, hash, timingSafeEqual, type KeyObject } from 'node:crypto'
import { ALGORITHM } from './authorization.js'

/** What a signature is made for, apart from the secret. */
export type Scope = Readonly<{ date: string; region: string; service: string }>

/** The last piece of every signature's scope. */
export const TERMINATOR = 'aws4_request'

/** The key that signs everything of one day, region and service. KeyObjects all along: HMAC is slow with plain bytes. */
export function signingKey(secretAccessKey: string, { date, region, service }: Scope): KeyObject {
  let key = createSecretKey(`AWS4${secretAccessKey}`, 'utf8')
  for (const piece of [date, region, service, TERMINATOR]) key = createSecretKey(hmac(key, piece))
  return key
}

/** SHA-256 as 64 lower-case hexadecimal digits; text counts as UTF-8. */
export const sha256Hex = (content: string | Buffer): string =>
  content.length === 0 ? EMPTY_SHA256 : hash('sha256', content, 'hex')

/** True when `signature`, 64 hexadecimal digits, is the one of this request; takes as long for a near miss as for a far one. */
export function isSignatureOf(
  signed: Readonly<{ key: KeyObject; time: string; scope: string; canonicalRequest: string }>,
  signature: string,
): boolean {
  const text = `${ALGORITHM}\n${signed.time}\n${signed.scope}\n${sha256Hex(signed.canonicalRequest)}`
  const given = Buffer.from(signature, 'hex')
  const expected = hmac(signed.key, text)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

const hmac = (key: KeyObject, text: string): Buffer => createHmac('sha256', key).update(text).digest()

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
