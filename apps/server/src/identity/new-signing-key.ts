import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { Clock } from '../runtime/clock.js'
import type { StoredSigningKey } from '../store/signing-key-store.js'
import type { PrivateKeyBox } from './private-key-box.js'

/** The public half of a signing key, as it is published. */
export type PublicJwk = Readonly<{ kty: string; alg: string; use: string; kid: string; n: string; e: string }>

/** Makes the private half of a new RSA key. */
export type MakePrivateKey = () => Promise<KeyObject>

export type NewSigningKeyParts = Readonly<{
  box: PrivateKeyBox
  clock: Pick<Clock, 'now'>
  region: string
  makePrivateKey: MakePrivateKey
}>

const MODULUS_BITS = 2_048

/** Takes some hundred milliseconds, off the event loop. */
export async function makePrivateKey(): Promise<KeyObject> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: MODULUS_BITS })
  return privateKey
}

/** A new signing key, closed, of an id that none of `taken` is, which signs `afterMs` from now on. */
export async function newSigningKey(
  { box, clock, region, makePrivateKey: make }: NewSigningKeyParts,
  { taken = [], afterMs = 0 }: Readonly<{ taken?: readonly string[]; afterMs?: number }> = {},
): Promise<StoredSigningKey> {
  const privateKey = await make()
  const createdAt = clock.now()
  // Region and digits, as AWS does; the time keeps verifiers from taking a new key for one they know.
  const kidAt = (seconds: number): string => `${region}1${seconds}`
  let seconds = Math.floor(createdAt / 1_000)
  while (taken.includes(kidAt(seconds))) seconds++
  const kid = kidAt(seconds)
  return {
    kid,
    publicJwk: JSON.stringify(publicJwkOf(kid, createPublicKey(privateKey))),
    closedPrivateKey: box.close(kid, privateKey.export({ type: 'pkcs8', format: 'der' })),
    createdAt,
    signsFrom: createdAt + afterMs,
    closedUnder: { fingerprint: box.fingerprints[0], at: createdAt },
  }
}

export function publicJwkOf(kid: string, publicKey: KeyObject): PublicJwk {
  const { kty, n, e } = publicKey.export({ format: 'jwk' })
  if (kty === undefined || n === undefined || e === undefined) throw new Error('a signing key is no RSA key')
  return { kty, alg: 'RS512', use: 'sig', kid, n, e }
}
