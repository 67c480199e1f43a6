import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import { byCodePoint, byteSize } from '@satchel/protocol'
import type { StoredIdentity } from '../domain/identity.js'
import type { StoredPool } from '../domain/identity-pool.js'
import { judgeSignIn, type SignInFault } from '../domain/linking.js'
import { refuse, Refusal } from '../refusal.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import type { IdentityStore } from '../store/identity-store.js'
import type { PoolStore } from '../store/pool-store.js'
import type { Logins } from './login-proofs.js'
import type { OpenIdTokens } from './openid-tokens.js'
import type { PageRequest, PageTokens } from './page-tokens.js'
import type { Place } from './place.js'
import {
  forbiddenIdentity,
  loginsDoNotMatch,
  unknownDeveloperProvider,
  unknownIdentity,
  unknownPool,
  unsupportedProvider,
} from './refusals.js'

/** Life of a developer's token where none is asked for. */
export const DEVELOPER_TOKEN_LIFE_SECONDS = 900

/** Longest name a backend may give a user, in characters (AWS: DeveloperUserIdentifier). */
const USER_ID_LENGTH_MAX = 1_024

/** All principal tags of a token together, in bytes. */
const PRINCIPAL_TAGS_BYTES_MAX = 460

export type DeveloperSignIn = Readonly<{
  pool: IdentityPoolId
  /** The pool's developer provider to the user's name in the caller's backend. */
  logins: Logins
  /** An identity that the user is said to be already, for example the guest of the same device. */
  identity: IdentityId | null
  principalTags: ReadonlyMap<string, string>
  lifeSeconds: number | null
}>

export type DeveloperLookup = PageRequest &
  Readonly<{ pool: IdentityPoolId; identity: IdentityId | null; userId: string | null }>

export type FoundDeveloperIdentity = Readonly<{
  identity: IdentityId
  userIds: readonly string[]
  nextToken: string | null
}>

/** What a backend does for users whom it signs in itself. */
export class DeveloperIdentities {
  constructor(
    private readonly deps: Readonly<{
      identities: IdentityStore
      pools: PoolStore
      tokens: OpenIdTokens
      pageTokens: PageTokens
      place: Place
      clock: Clock
      random: Random
    }>,
  ) {}

  /** The user's identity, found, linked or made, and a token for it (I22–I26). */
  async signIn(asked: DeveloperSignIn): Promise<Readonly<{ identity: IdentityId; token: string }>> {
    const { clock, identities, place, random, tokens } = this.deps
    const login = developerLogin(await this.pool(asked.pool), asked.logins)
    refuseTooManyTags(asked.principalTags)
    const outcome = await identities.signIn(
      {
        pool: asked.pool,
        login,
        named: asked.identity,
        fresh: `${place.region}:${random.uuid()}` as IdentityId,
        at: clock.now(),
      },
      judgeSignIn,
    )
    if (outcome.kind === 'refused') throw signInRefusal(outcome.why, asked)
    const { identity, disabledAt } = outcome.identity
    if (disabledAt !== null) throw forbiddenIdentity(identity)
    const token = await tokens.issue({
      pool: asked.pool,
      identity,
      login,
      principalTags: asked.principalTags,
      lifeSeconds: asked.lifeSeconds ?? DEVELOPER_TOKEN_LIFE_SECONDS,
    })
    return { identity, token }
  }

  /** Finds a user's identity, an identity's users, or that the two belong together (I27). */
  async lookup(asked: DeveloperLookup): Promise<FoundDeveloperIdentity> {
    const { pool, identity, userId, limit, nextToken } = asked
    const provider = (await this.pool(pool)).settings.developerProvider
    if (identity === null && userId === null) {
      refuse('InvalidParameter', 'Either IdentityId or DeveloperUserIdentifier has to be given')
    }
    const found = provider === null ? null : await this.find(asked, provider)
    if (found === null) {
      return identity === null
        ? refuse('ResourceNotFound', 'No identity of this pool has the developer user identifier')
        : this.refuseUnknown(identity)
    }
    const users = found.logins.filter((login) => login.provider === provider).map((login) => login.userId)
    if (identity !== null && userId !== null && !users.includes(userId)) {
      refuse('ResourceConflict', `The developer user identifier does not belong to the identity '${identity}'`)
    }
    const { pageTokens } = this.deps
    const list = ['developer-users', pool, found.identity]
    const after = pageTokens.open(list, nextToken)
    const rest = users.filter((user) => byCodePoint(user, after) > 0)
    const page = pageTokens.page(list, { found: rest, limit, keyOf: (user) => user })
    return { identity: found.identity, userIds: page.items, nextToken: page.nextToken }
  }

  private async find({ pool, identity, userId }: DeveloperLookup, provider: string): Promise<StoredIdentity | null> {
    const { identities } = this.deps
    const id = identity ?? (await identities.findByLogin(pool, { provider, userId: userId! }))
    const found = id === null ? null : await identities.find(id)
    return found?.pool === pool ? found : null
  }

  private async pool(id: IdentityPoolId): Promise<StoredPool> {
    const pool = await this.deps.pools.find(id)
    if (pool === null) throw unknownPool(id)
    return pool
  }

  private refuseUnknown(identity: IdentityId): never {
    throw unknownIdentity(identity)
  }
}

/** The one login that counts here; a public provider's beside it is not supported yet (I19). */
function developerLogin(pool: StoredPool, logins: Logins): Readonly<{ provider: string; userId: string }> {
  const provider = pool.settings.developerProvider
  const userId = provider === null ? undefined : logins.get(provider)
  if (provider === null || userId === undefined) throw unknownDeveloperProvider()
  if (logins.size > 1) throw unsupportedProvider()
  if (userId.length > USER_ID_LENGTH_MAX) {
    refuse(
      'InvalidParameter',
      `The developer user identifier has ${userId.length} characters, it may have at most ${USER_ID_LENGTH_MAX}`,
    )
  }
  return { provider, userId }
}

function refuseTooManyTags(tags: ReadonlyMap<string, string>): void {
  let bytes = 0
  for (const [name, value] of tags) bytes += byteSize(name) + byteSize(value)
  if (bytes <= PRINCIPAL_TAGS_BYTES_MAX) return
  refuse('InvalidParameter', `PrincipalTags have ${bytes} bytes, they may have at most ${PRINCIPAL_TAGS_BYTES_MAX}`)
}

/** `identity` was named wherever a fault is about a named one. */
function signInRefusal(why: SignInFault | 'no-such-pool', { pool, identity }: DeveloperSignIn): Refusal {
  switch (why) {
    case 'no-such-pool':
      return unknownPool(pool)
    case 'no-such-identity':
      return unknownIdentity(identity!)
    case 'disabled':
      return forbiddenIdentity(identity!)
    case 'registered-elsewhere':
      return new Refusal(
        'DeveloperUserAlreadyRegistered',
        `The developer user identifier is registered with an identity other than '${identity!}'`,
      )
    case 'logins-do-not-match':
      return loginsDoNotMatch()
  }
}
