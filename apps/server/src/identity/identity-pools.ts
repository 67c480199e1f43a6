import type { IdentityPoolId } from '@satchel/protocol'
import {
  NO_ROLES,
  type PoolDraft,
  type PoolRoles,
  type PoolSettings,
  type StoredPool,
} from '../domain/identity-pool.js'
import { refuse } from '../refusal.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import type { PoolStore } from '../store/pool-store.js'
import type { Departures } from './departures.js'
import type { PageRequest, PageTokens } from './page-tokens.js'
import type { Place } from './place.js'
import { unknownPool } from './refusals.js'

/** What owners do with identity pools. Whatever names a pool that is not there is refused as ResourceNotFound (I2). */
export class IdentityPools {
  constructor(
    private readonly deps: Readonly<{
      pools: PoolStore
      pageTokens: PageTokens
      place: Place
      departures: Departures
      clock: Clock
      random: Random
    }>,
  ) {}

  async create(settings: PoolSettings): Promise<StoredPool> {
    const pool = this.withId({ settings, roles: NO_ROLES })
    await this.deps.pools.create(pool)
    return pool
  }

  /** The oldest pool of exactly this name, or the draft made into one. */
  ensure(name: string, draft: PoolDraft): Promise<StoredPool> {
    const named = { ...draft, settings: { ...draft.settings, name } }
    return this.deps.pools.findOrCreateByName(this.withId(named))
  }

  async describe(pool: IdentityPoolId): Promise<StoredPool> {
    return (await this.deps.pools.find(pool)) ?? this.refuseUnknown(pool)
  }

  /** Replaces all settings (I4); only a developer provider, once set, stays (I3). */
  async update(pool: IdentityPoolId, settings: PoolSettings): Promise<StoredPool> {
    const outcome = await this.deps.pools.update(pool, (held) => {
      const provider = held.settings.developerProvider
      const kept = settings.developerProvider ?? provider
      if (provider !== null && kept !== provider) return null
      return { ...held, settings: { ...settings, developerProvider: kept }, modifiedAt: this.deps.clock.now() }
    })
    switch (outcome.kind) {
      case 'stored':
        return outcome.pool
      case 'missing':
        return this.refuseUnknown(pool)
      case 'declined':
        return refuse(
          'InvalidParameter',
          `The developer provider name is '${outcome.pool.settings.developerProvider}' and cannot be changed once it is set`,
        )
    }
  }

  async list({
    limit,
    nextToken,
  }: PageRequest): Promise<Readonly<{ items: readonly StoredPool[]; nextToken: string | null }>> {
    const { pools, pageTokens } = this.deps
    const found = await pools.list({ after: pageTokens.open(LIST, nextToken), limit: limit + 1 })
    return pageTokens.page(LIST, { found, limit, keyOf: ({ pool }) => pool })
  }

  /** From here on the pool's identities are as good as deleted; their datasets follow in the background (I5). */
  async delete(pool: IdentityPoolId): Promise<void> {
    if (!(await this.deps.pools.delete(pool, this.deps.clock.now()))) this.refuseUnknown(pool)
    for (const listener of this.deps.departures.onPoolGone) listener(pool)
  }

  /** Replaces roles and mappings (I6). */
  async setRoles(pool: IdentityPoolId, roles: PoolRoles): Promise<void> {
    const change = (held: StoredPool): StoredPool => ({ ...held, roles, modifiedAt: this.deps.clock.now() })
    const outcome = await this.deps.pools.update(pool, change)
    if (outcome.kind === 'missing') this.refuseUnknown(pool)
  }

  private withId(draft: PoolDraft): StoredPool {
    const { clock, place, random } = this.deps
    const now = clock.now()
    return { ...draft, pool: `${place.region}:${random.uuid()}` as IdentityPoolId, createdAt: now, modifiedAt: now }
  }

  private refuseUnknown(pool: IdentityPoolId): never {
    throw unknownPool(pool)
  }
}

const LIST = ['identity-pools']
