import type { Migration } from '../../release.js'
import { syncStoreWith } from './1750000000001-sync-store.js'
import { SigningKeyTimes1750000000002 } from './1750000000002-signing-key-times.js'

/**
 * Every migration, oldest first. One that has been released is never changed again. A new one only adds, since servers of the minor version before go on using the
 * tables, and holds nobody up; what it may do is written in docs/decisions/0023-one-minor-version-apart.md and held by `migration-rules.spec.ts`.
 * `partitions`: see `PostgresOptions`.
 */
export const postgresMigrations = (partitions: number): (new () => Migration)[] => [
  syncStoreWith(partitions),
  SigningKeyTimes1750000000002,
]
