import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { StoredIdentity } from '../domain/identity.js'
import type { Clock } from '../runtime/clock.js'
import type { IdentityStore } from '../store/identity-store.js'
import type { PoolStore } from '../store/pool-store.js'
import type { Departures } from './departures.js'
import type { PageRequest, PageTokens } from './page-tokens.js'
import { unknownIdentity, unknownPool } from './refusals.js'

/** What owners do with the identities of their pools. */
export class Identities {
  constructor(
    private readonly deps: Readonly<{
      identities: IdentityStore
      pools: PoolStore
      pageTokens: PageTokens
      departures: Departures
      clock: Clock
    }>,
  ) {}

  async describe(identity: IdentityId): Promise<StoredIdentity> {
    const found = await this.deps.identities.find(identity)
    if (found === null) throw unknownIdentity(identity)
    return found
  }

  /** Identities of a pool in the order of their ids, disabled ones too unless they are hidden (I11). */
  async list(
    pool: IdentityPoolId,
    { limit, nextToken, hideDisabled }: PageRequest & Readonly<{ hideDisabled: boolean }>,
  ): Promise<Readonly<{ items: readonly StoredIdentity[]; nextToken: string | null }>> {
    const { identities, pageTokens, pools } = this.deps
    if ((await pools.find(pool)) === null) throw unknownPool(pool)
    const list = ['identities', pool]
    const found = await identities.list(pool, {
      after: pageTokens.open(list, nextToken),
      limit: limit + 1,
      hideDisabled,
    })
    return pageTokens.page(list, { found, limit, keyOf: ({ identity }) => identity })
  }

  /**
   * Deletes identities with their logins; their datasets follow in the background. Answers the ids that were not
   * there (I12).
   */
  async delete(asked: readonly IdentityId[]): Promise<readonly IdentityId[]> {
    const { identities, clock } = this.deps
    const ids = [...new Set(asked)]
    const gone = new Set((await identities.delete(ids, clock.now())).map(({ identity }) => identity))
    for (const identity of gone) this.tellGone(identity)
    return ids.filter((id) => !gone.has(id))
  }

  /** Switches an identity off for good (I13); false when there is none that is on. */
  async disable(identity: IdentityId): Promise<boolean> {
    const done = await this.deps.identities.disable(identity, this.deps.clock.now())
    if (done) this.tellGone(identity)
    return done
  }

  private tellGone(identity: IdentityId): void {
    for (const listener of this.deps.departures.onIdentityGone) listener(identity)
  }
}
