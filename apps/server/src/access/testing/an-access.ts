import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { ErrorCode } from '@satchel/protocol'
import { Refusal } from '../../refusal.js'
import { HeldClock } from '../../runtime/testing/held-clock.js'
import { SeededRandom } from '../../runtime/testing/seeded-random.js'
import { CachedStanding, type IdentityStanding } from '../identity-standing.js'
import { Keyring } from '../keyring.js'
import { Seal } from '../seal.js'
import { TemporaryCredentials, type CredentialsGrant, type IssuedCredentials } from '../temporary-credentials.js'
import { CallerVerifier, type SignedRequest, type SigningService } from '../verify-caller.js'

export const REGION = 'eu-central-1'
export const ACCOUNT_ID = '123456789012'
export const ACCOUNT = { accessKeyId: 'AKIASATCHELSATCHELXX', secretAccessKey: 'a/long+lived/secret' } as const
export const POOL = `${REGION}:11111111-1111-4111-8111-111111111111` as IdentityPoolId
export const IDENTITY = `${REGION}:22222222-2222-4222-8222-222222222222` as IdentityId

/** Identities that a test ends by hand; it counts how often it was asked. */
export class HeldStanding implements IdentityStanding {
  readonly ended = new Set<IdentityId>()
  asked = 0

  isActive(identity: IdentityId): Promise<boolean> {
    this.asked++
    return Promise.resolve(!this.ended.has(identity))
  }
}

/** Everything around a verifier, on a clock that a test moves. */
export class AnAccess {
  readonly clock = new HeldClock(Date.UTC(2026, 4, 17, 9, 30, 0))
  readonly random = new SeededRandom(20260517)
  readonly keyring: Keyring
  readonly seal: Seal
  readonly standing = new HeldStanding()
  readonly cachedStanding = new CachedStanding({ source: this.standing, clock: this.clock })
  readonly temporaryCredentials: TemporaryCredentials
  readonly verifier: CallerVerifier

  constructor(masterKey: Buffer = Buffer.alloc(32, 7), ...others: readonly Buffer[]) {
    this.keyring = new Keyring([masterKey, ...others])
    this.seal = new Seal(this.keyring)
    const { clock, random, keyring, seal } = this
    this.temporaryCredentials = new TemporaryCredentials({ keyring, seal, clock, random })
    this.verifier = new CallerVerifier({
      account: ACCOUNT,
      accountId: ACCOUNT_ID,
      region: REGION,
      temporaryCredentials: this.temporaryCredentials,
      standing: this.cachedStanding,
      clock,
    })
  }

  /** Credentials of `IDENTITY` for an hour, unless said otherwise. */
  issue(grant: Partial<CredentialsGrant> = {}): IssuedCredentials {
    return this.temporaryCredentials.issue({
      pool: POOL,
      identity: IDENTITY,
      authenticated: true,
      roleArn: `arn:aws:iam::${ACCOUNT_ID}:role/app/Reader`,
      sessionName: 'CognitoIdentityCredentials',
      lifeSeconds: 3600,
      ...grant,
    })
  }

  /** 'accepted', or the code by which a request is refused. */
  async verdict(request: SignedRequest, service: SigningService = 'cognito-sync'): Promise<ErrorCode | 'accepted'> {
    const refusal = await this.refusal(request, service)
    return refusal?.code ?? 'accepted'
  }

  /** Why a request is refused; null when it is not. */
  async refusal(request: SignedRequest, service: SigningService = 'cognito-sync'): Promise<Refusal | null> {
    try {
      await this.verifier.verify(request, service)
      return null
    } catch (thrown) {
      if (thrown instanceof Refusal) return thrown
      throw thrown
    }
  }
}
