import type { PostgresServer } from '../postgres/postgres-server.js'
import { RUN_SEED, Seeded } from '../seeded.js'
import { Site } from './site.js'
import { SiteLoad, type SiteLoadOptions } from './site-load.js'

/** What is there once the tests begin. */
export interface ServedSite {
  readonly site: Site
  readonly databaseUrl: string
  /** The database's name, for those who ask PostgreSQL itself. */
  readonly database: string
  /** Makes the choices of all tests; the same ones where the run is given its seed. */
  readonly chance: Seeded
  /** Puts clients of every kind to work; once in a file. */
  underLoad(
    options?: Omit<SiteLoadOptions, 'chance'>,
  ): Promise<Readonly<{ site: Site; load: SiteLoad; chance: Seeded }>>
}

/** Three nodes on a database of their own for all tests of a file; they, and their load, are ended after them. Without `redis` they hear nothing of each other. */
export function servedSite(
  postgres: () => PostgresServer,
  redis: () => Readonly<{ url: string }> | null = () => null,
): ServedSite {
  const chance = new Seeded(RUN_SEED)
  let databaseUrl: string
  let site: Site
  let load: SiteLoad | null = null

  beforeAll(async () => {
    databaseUrl = await postgres().createDatabase()
    site = await Site.start({ databaseUrl, redisUrl: redis()?.url ?? null })
  })
  afterAll(async () => {
    await load?.close()
    await site?.close()
  })

  return {
    chance,
    get site() {
      return site
    },
    get databaseUrl() {
      return databaseUrl
    },
    get database() {
      return new URL(databaseUrl).pathname.slice(1)
    },
    async underLoad(options = {}) {
      load = await SiteLoad.start(site, { chance: chance.fork(), ...options })
      return { site, load, chance }
    },
  }
}
