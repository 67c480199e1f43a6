import type { Migration } from '../../release.js'
import { syncStoreWith } from './1750000000001-sync-store.js'

/** Every migration, oldest first. One that has been released is never changed again. `partitions`: see `PostgresOptions`. */
export const postgresMigrations = (partitions: number): (new () => Migration)[] => [syncStoreWith(partitions)]
