import type { Keyring } from '../access/keyring.js'
import type { Seal } from '../access/seal.js'
import type { TemporaryCredentials } from '../access/temporary-credentials.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import type { IdentityStore } from '../store/identity-store.js'
import type { PoolStore } from '../store/pool-store.js'
import type { SigningKeyStore } from '../store/signing-key-store.js'
import { AddressBudget, GUEST_RATE, type Rate } from './address-budget.js'
import { Bearers } from './bearers.js'
import type { Departures } from './departures.js'
import { DeveloperIdentities } from './developer-identities.js'
import { Identities } from './identities.js'
import { IdentityPools } from './identity-pools.js'
import { LoginProofs } from './login-proofs.js'
import { OpenIdDiscovery } from './openid-discovery.js'
import { OpenIdTokens } from './openid-tokens.js'
import { makePrivateKey, type MakePrivateKey } from './new-signing-key.js'
import { PageTokens } from './page-tokens.js'
import type { Place } from './place.js'
import { PrivateKeyBox } from './private-key-box.js'
import { PublicFlows } from './public-flows.js'
import { SigningKeys, type SigningKeysObserver } from './signing-keys.js'
import { WebIdentity } from './web-identity.js'

/** What the identity side is made from. */
export type IdentityParts = Readonly<{
  stores: Readonly<{ identities: IdentityStore; pools: PoolStore; signingKeys: SigningKeyStore }>
  credentials: TemporaryCredentials
  keyring: Keyring
  seal: Seal
  place: Place
  /** The server's public URL without a slash at its end, known only once it listens. */
  issuer: () => string
  departures: Departures
  keysObserver?: SigningKeysObserver
  clock: Clock
  random: Random
  /** How often one address may become a new guest. */
  guestRate?: Rate
  makePrivateKey?: MakePrivateKey
}>

/** All that the faces ask of the identity side. */
export type IdentityService = Readonly<{
  pools: IdentityPools
  identities: Identities
  publicFlows: PublicFlows
  developers: DeveloperIdentities
  webIdentity: WebIdentity
  tokens: OpenIdTokens
  bearers: Bearers
  discovery: OpenIdDiscovery
  keys: SigningKeys
}>

const UNWATCHED: SigningKeysObserver = { unopened: () => {}, unread: () => {} }

/** Puts the identity side together. Call `keys.prepare()` once the server starts, and do not wait for it. */
export function createIdentityService(parts: IdentityParts): IdentityService {
  const { stores, credentials, keyring, seal, place, issuer, departures, clock, random } = parts
  const { identities, pools } = stores
  const keys = new SigningKeys({
    store: stores.signingKeys,
    box: new PrivateKeyBox(keyring, random),
    region: place.region,
    clock,
    makePrivateKey: parts.makePrivateKey ?? makePrivateKey,
    observer: parts.keysObserver ?? UNWATCHED,
  })
  const tokens = new OpenIdTokens({ keys, place, issuer, clock })
  const pageTokens = new PageTokens(seal)
  return {
    pools: new IdentityPools({ pools, pageTokens, place, departures, clock, random }),
    identities: new Identities({ identities, pools, pageTokens, departures, clock }),
    publicFlows: new PublicFlows({
      identities,
      pools,
      tokens,
      proofs: new LoginProofs(tokens),
      credentials,
      budget: new AddressBudget(clock, parts.guestRate ?? GUEST_RATE),
      place,
      clock,
      random,
    }),
    developers: new DeveloperIdentities({ identities, pools, tokens, pageTokens, place, clock, random }),
    webIdentity: new WebIdentity({ identities, pools, tokens, credentials }),
    tokens,
    bearers: new Bearers({ identities, pools, tokens }),
    discovery: new OpenIdDiscovery({ keys, issuer }),
    keys,
  }
}
