import type { Lease, LeaseStore } from '../lease-store.js'
import type { SqliteDatabase } from './sqlite-database.js'

/** Keeps leases in SQLite. */
export class SqliteLeaseStore implements LeaseStore {
  constructor(private readonly database: SqliteDatabase) {}

  take(request: Parameters<LeaseStore['take']>[0]): Promise<readonly Lease[]> {
    return this.database.inThread('takeLeases', request)
  }

  release(holder: string): Promise<void> {
    return this.database.inThread('releaseLeases', holder)
  }
}
