import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import { Keyring } from '../../access/keyring.js'
import { Seal } from '../../access/seal.js'
import { TemporaryCredentials } from '../../access/temporary-credentials.js'
import type { PoolSettings, StoredPool } from '../../domain/identity-pool.js'
import { Refusal } from '../../refusal.js'
import { HeldClock } from '../../runtime/testing/held-clock.js'
import { SeededRandom } from '../../runtime/testing/seeded-random.js'
import { MemoryDatabase } from '../../store/memory/memory-database.js'
import { MemoryIdentityStore } from '../../store/memory/memory-identity-store.js'
import { MemoryPoolStore } from '../../store/memory/memory-pool-store.js'
import { MemorySigningKeyStore } from '../../store/memory/memory-signing-key-store.js'
import type { Rate } from '../address-budget.js'
import { guestPool } from '../guest-pool.js'
import { createIdentityService, type IdentityService } from '../identity-service.js'
import type { Place } from '../place.js'

export const PLACE: Place = { region: 'eu-central-1', accountId: '123456789012' }
export const ISSUER = 'http://127.0.0.1:4680'
export const MASTER_KEY = Buffer.alloc(32, 5)
export const PROVIDER = 'login.example.com'

/** Made once, since making RSA keys is slow. */
export const TEST_KEY: KeyObject = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey

/** The identity side over memory stores, on a clock that a test moves. */
export class AnIdentitySide {
  readonly clock = new HeldClock(Date.UTC(2026, 4, 17, 9, 30, 0))
  readonly random = new SeededRandom(517)
  readonly gone: string[] = []
  readonly database = new MemoryDatabase()
  readonly credentials: TemporaryCredentials
  readonly service: IdentityService

  constructor({ guestRate, issuer = ISSUER }: Readonly<{ guestRate?: Rate; issuer?: string }> = {}) {
    const { clock, random, database } = this
    const keyring = new Keyring([MASTER_KEY])
    const seal = new Seal(keyring)
    this.credentials = new TemporaryCredentials({ keyring, seal, clock, random })
    this.service = createIdentityService({
      stores: {
        identities: new MemoryIdentityStore(database),
        pools: new MemoryPoolStore(database),
        signingKeys: new MemorySigningKeyStore(),
      },
      credentials: this.credentials,
      keyring,
      seal,
      place: PLACE,
      issuer: () => issuer,
      departures: { onIdentityGone: [(id) => this.gone.push(id)], onPoolGone: [(id) => this.gone.push(id)] },
      clock,
      random,
      ...(guestRate === undefined ? {} : { guestRate }),
      makePrivateKey: () => Promise.resolve(TEST_KEY),
    })
  }

  /** A pool with guests, roles and a developer provider, unless said otherwise. */
  async aPool(settings: Partial<PoolSettings> = {}): Promise<StoredPool> {
    const draft = guestPool('app', PLACE)
    const pool = await this.service.pools.create({ ...draft.settings, developerProvider: PROVIDER, ...settings })
    await this.service.pools.setRoles(pool.pool, draft.roles)
    return this.service.pools.describe(pool.pool)
  }

  aGuest(pool: IdentityPoolId): Promise<IdentityId> {
    return this.service.publicFlows.getId(pool, { logins: new Map(), address: '127.0.0.1' })
  }

  /** A developer user's identity and token. */
  signIn(
    pool: IdentityPoolId,
    user: string,
    identity: IdentityId | null = null,
  ): Promise<Readonly<{ identity: IdentityId; token: string }>> {
    const logins = new Map([[PROVIDER, user]])
    return this.service.developers.signIn({ pool, logins, identity, principalTags: new Map(), lifeSeconds: null })
  }
}

/** `Code: message` of a refusal, or the answer itself. */
export async function outcomeOf<T>(work: Promise<T>): Promise<T | string> {
  try {
    return await work
  } catch (thrown) {
    if (thrown instanceof Refusal) return `${thrown.code}: ${thrown.message}`
    throw thrown
  }
}

/** What a token says, unverified. */
export const partsOf = (
  token: string,
): Readonly<{ header: Record<string, unknown>; claims: Record<string, unknown> }> => {
  const read = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
  const [header, claims] = token.split('.')
  return { header: read(header), claims: read(claims) }
}
