import type { IdentityPoolId } from '@satchel/protocol'
import type { IdentityStore } from '../store/identity-store.js'
import type { PoolStore } from '../store/pool-store.js'
import type { IdentityPath } from './datasets.js'

/**
 * Which pools and identities there are. Callers with an identity's credentials need not ask, for their
 * credentials would not work otherwise; the account may name what does not exist.
 */
export class Directory {
  constructor(
    private readonly stores: Readonly<{
      pools: Pick<PoolStore, 'find' | 'list'>
      identities: Pick<IdentityStore, 'isActive'>
    }>,
  ) {}

  async hasPool(pool: IdentityPoolId): Promise<boolean> {
    return (await this.stores.pools.find(pool)) !== null
  }

  /** True for an identity of that pool that is not disabled. */
  hasIdentity({ pool, identity }: IdentityPath): Promise<boolean> {
    return this.stores.identities.isActive(identity, pool)
  }

  /** Up to `limit` pools after an id, by code point. */
  async poolsAfter(after: string, limit: number): Promise<readonly IdentityPoolId[]> {
    const pools = await this.stores.pools.list({ after, limit })
    return pools.map(({ pool }) => pool)
  }
}
