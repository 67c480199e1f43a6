import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { Clock } from '../runtime/clock.js'
import type { SigningKeyStore, StoredSigningKey } from '../store/signing-key-store.js'
import type { PrivateKeyBox } from './private-key-box.js'

/** The public half of a signing key, as it is published. */
export type PublicJwk = Readonly<{ kty: string; alg: string; use: string; kid: string; n: string; e: string }>

export type SigningKey = Readonly<{ kid: string; privateKey: KeyObject; publicKey: KeyObject; publicJwk: PublicJwk }>

/** Makes the private half of a new RSA key. */
export type MakePrivateKey = () => Promise<KeyObject>

const MODULUS_BITS = 2_048

/** Takes some hundred milliseconds, off the event loop. */
export async function makePrivateKey(): Promise<KeyObject> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: MODULUS_BITS })
  return privateKey
}

/**
 * The keys of OpenID tokens. The first is made when one is first wanted; `prepare` wants it early and in the
 * background, so that the port opens without waiting (SPEC J3).
 */
export class SigningKeys {
  private loading: Promise<readonly [SigningKey, ...SigningKey[]]> | null = null

  constructor(
    private readonly deps: Readonly<{
      store: SigningKeyStore
      box: PrivateKeyBox
      region: string
      clock: Clock
      makePrivateKey: MakePrivateKey
    }>,
  ) {}

  /** Loads the keys, and makes one where there is none; rejects when they do not open with this master key. */
  async prepare(): Promise<void> {
    await this.keys()
  }

  /** The key that signs now: the newest. */
  async signer(): Promise<SigningKey> {
    const [first, ...later] = await this.keys()
    return later.at(-1) ?? first
  }

  /** The key of exactly this id, or null. Ids come from a list held here, never from what a token points at. */
  async find(kid: string): Promise<SigningKey | null> {
    return (await this.keys()).find((key) => key.kid === kid) ?? null
  }

  /** What is published, so that others can verify. */
  async published(): Promise<readonly PublicJwk[]> {
    return (await this.keys()).map(({ publicJwk }) => publicJwk)
  }

  private keys(): Promise<readonly [SigningKey, ...SigningKey[]]> {
    if (this.loading !== null) return this.loading
    const loading = this.load()
    this.loading = loading
    // A database that was busy once must not keep every later token from being made.
    loading.catch(() => (this.loading = null))
    return loading
  }

  private async load(): Promise<readonly [SigningKey, ...SigningKey[]]> {
    const { store } = this.deps
    const kept = await store.list()
    const [first, ...later] = kept.length > 0 ? kept : await store.addFirst(await this.make())
    if (first === undefined) throw new Error('a signing key was stored and is not there')
    return [this.opened(first), ...later.map((key) => this.opened(key))]
  }

  private async make(): Promise<StoredSigningKey> {
    const { box, clock, region } = this.deps
    const privateKey = await this.deps.makePrivateKey()
    const createdAt = clock.now()
    // Region and digits, as AWS does; the time keeps verifiers from taking a new server's key for one they know.
    const kid = `${region}1${Math.floor(createdAt / 1_000)}`
    return {
      kid,
      publicJwk: JSON.stringify(publicJwkOf(kid, createPublicKey(privateKey))),
      closedPrivateKey: box.close(kid, privateKey.export({ type: 'pkcs8', format: 'der' })),
      createdAt,
    }
  }

  private opened({ kid, closedPrivateKey }: StoredSigningKey): SigningKey {
    const { box } = this.deps
    const opened = box.open(kid, closedPrivateKey)
    if (opened === null) {
      throw new Error(
        `the signing key ${kid} in the database does not open with the master keys of this server (${box.fingerprints.join(', ')})`,
      )
    }
    const privateKey = createPrivateKey({ key: opened.privateKey, type: 'pkcs8', format: 'der' })
    const publicKey = createPublicKey(privateKey)
    return { kid, privateKey, publicKey, publicJwk: publicJwkOf(kid, publicKey) }
  }
}

function publicJwkOf(kid: string, publicKey: KeyObject): PublicJwk {
  const { kty, n, e } = publicKey.export({ format: 'jwk' })
  if (kty === undefined || n === undefined || e === undefined) throw new Error(`the signing key ${kid} is no RSA key`)
  return { kty, alg: 'RS512', use: 'sig', kid, n, e }
}
