import type { JWTPayload } from 'jose'
import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { Login } from '../domain/identity.js'
import type { Clock } from '../runtime/clock.js'
import { poolArn, type Place } from './place.js'
import type { SigningKey, SigningKeys } from './signing-keys.js'

/** What a token of ours says, believed. */
export type TokenClaims = Readonly<{
  pool: IdentityPoolId
  identity: IdentityId
  /** As whom its bearer signed in; null for a guest. */
  login: Login | null
}>

export type TokenGrant = TokenClaims &
  Readonly<{
    /** Tags by name; none leaves the claim out. */
    principalTags: ReadonlyMap<string, string>
    lifeSeconds: number
  }>

export type TokenVerdict =
  /** `expiresAt` in epoch milliseconds. */
  | Readonly<{ kind: 'valid'; claims: TokenClaims; expiresAt: number }>
  /** No JWT at all. */
  | Readonly<{ kind: 'malformed' }>
  /** A JWT, but not one of this server's OpenID tokens. */
  | Readonly<{ kind: 'foreign' }>
  /** Names a key of ours, which did not sign it. */
  | Readonly<{ kind: 'unverified' }>
  /** Both in epoch seconds. */
  | Readonly<{ kind: 'expired'; now: number; expiredAt: number }>

/** Ours have about 1 KB, with the longest user id and tags 8 KB. */
const TOKEN_LENGTH_MAX = 16_384

/** How far ahead of ours the clock of another node of this server may be. */
const SKEW_SECONDS = 60

const ALGORITHM = 'RS512'
const TYPE = 'JWS'
const POOL_ARN_CLAIM = 'https://cognito-identity.amazonaws.com/identity-pool-arn'
const TAGS_CLAIM = 'https://aws.amazon.com/tags'

/** Issues the OpenID tokens of identities (SPEC J4–J6), and knows them when they come back (SPEC J7–J9). */
export class OpenIdTokens {
  constructor(
    private readonly deps: Readonly<{
      keys: SigningKeys
      place: Place
      /** The server's public URL, known only once it listens. */
      issuer: () => string
      clock: Clock
    }>,
  ) {}

  async issue(grant: TokenGrant): Promise<string> {
    const { keys, place, issuer, clock } = this.deps
    const { kid, privateKey } = await keys.signer()
    const issuedAt = Math.floor(clock.now() / 1_000)
    const claims: JWTPayload = {
      iss: issuer(),
      sub: grant.identity,
      aud: grant.pool,
      amr: grant.login === null ? ['unauthenticated'] : amrOf(grant.pool, grant.login),
      [POOL_ARN_CLAIM]: poolArn(place, grant.pool),
      iat: issuedAt,
      exp: issuedAt + grant.lifeSeconds,
    }
    if (grant.principalTags.size > 0) claims[TAGS_CLAIM] = { principal_tags: tagsOf(grant.principalTags) }
    const { SignJWT } = await jose()
    return new SignJWT(claims).setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid }).sign(privateKey)
  }

  /** Judges a token by itself; whether its identity still is as it says is the caller's to ask. */
  async verify(token: string): Promise<TokenVerdict> {
    const header = headerOf(token)
    if (header === null) return { kind: 'malformed' }
    const key = await this.keyOf(header)
    if (key === null) return { kind: 'foreign' }
    const now = Math.floor(this.deps.clock.now() / 1_000)
    const { errors, jwtVerify } = await jose()
    try {
      const { payload } = await jwtVerify(token, key.publicKey, {
        algorithms: [ALGORITHM],
        issuer: this.deps.issuer(),
        requiredClaims: ['exp', 'iat'],
        clockTolerance: 0,
        currentDate: new Date(now * 1_000),
      })
      const claims = claimsOf(payload, now)
      return claims === null ? { kind: 'foreign' } : { kind: 'valid', claims, expiresAt: payload.exp! * 1_000 }
    } catch (fault) {
      if (fault instanceof errors.JWTExpired) return { kind: 'expired', now, expiredAt: fault.payload.exp! }
      if (fault instanceof errors.JWSSignatureVerificationFailed) return { kind: 'unverified' }
      if (fault instanceof errors.JOSEError) return { kind: 'foreign' }
      throw fault
    }
  }

  /** Our tokens have exactly three header members; one with any other is not ours, whatever it says there. */
  private async keyOf(header: Readonly<Record<string, unknown>>): Promise<SigningKey | null> {
    const { alg, typ, kid } = header
    if (Object.keys(header).length !== 3 || alg !== ALGORITHM || typ !== TYPE || typeof kid !== 'string') return null
    return this.deps.keys.find(kid)
  }
}

/** Loaded with the first token: a start does not wait for it. */
const jose = () => import('jose')

/** How the bearer signed in, in AWS's three parts: the last one names the user (SPEC J5). */
const amrOf = (pool: IdentityPoolId, { provider, userId }: Login): string[] => [
  'authenticated',
  provider,
  `${provider}:${pool}:${userId}`,
]

/** Values are lists, since a tag may have several. `fromEntries` makes own members of any name. */
const tagsOf = (tags: ReadonlyMap<string, string>): Record<string, string[]> =>
  Object.fromEntries([...tags].map(([name, value]) => [name, [value]]))

/** The header of anything that is a compact JWS in its one spelling, or null. */
function headerOf(token: string): Readonly<Record<string, unknown>> | null {
  if (token.length > TOKEN_LENGTH_MAX) return null
  const parts = token.split('.')
  if (parts.length !== 3 || !parts.every(isCanonical)) return null
  try {
    const header: unknown = JSON.parse(Buffer.from(parts[0]!, 'base64url').toString('utf8'))
    return isObject(header) ? header : null
  } catch {
    return null // the header is not JSON
  }
}

/** Without this the unused bits of a last letter would make many spellings of one token. */
const isCanonical = (part: string): boolean =>
  part.length > 0 && Buffer.from(part, 'base64url').toString('base64url') === part

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function claimsOf({ aud, sub, amr, iat }: JWTPayload, now: number): TokenClaims | null {
  if (typeof aud !== 'string' || typeof sub !== 'string' || iat === undefined || iat > now + SKEW_SECONDS) return null
  const named = { pool: aud as IdentityPoolId, identity: sub as IdentityId }
  if (!Array.isArray(amr)) return null
  const [kind, provider, user, ...rest] = amr as unknown[]
  if (kind === 'unauthenticated' && amr.length === 1) return { ...named, login: null }
  if (kind !== 'authenticated' || typeof provider !== 'string' || typeof user !== 'string' || rest.length > 0)
    return null
  const prefix = `${provider}:${aud}:`
  if (!user.startsWith(prefix)) return null
  return { ...named, login: { provider, userId: user.slice(prefix.length) } }
}
