import type { Lease, LeaseStore } from '../lease-store.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { HOLDERS, holdersValues } from './sqlite-leases.js'

/** Keeps leases in SQLite. */
export class SqliteLeaseStore implements LeaseStore {
  constructor(private readonly database: SqliteDatabase) {}

  take(request: Parameters<LeaseStore['take']>[0]): Promise<readonly Lease[]> {
    return this.database.inThread('takeLeases', request)
  }

  async holders(request: Parameters<LeaseStore['holders']>[0]): Promise<ReadonlyMap<string, string>> {
    const held = (await this.database.reads.query(HOLDERS, holdersValues(request))) as HeldLease[]
    return new Map(held.map(({ name, holder }) => [name, holder]))
  }

  release(holder: string, names: readonly string[] | null = null): Promise<void> {
    return this.database.inThread('releaseLeases', { holder, names })
  }
}

type HeldLease = Pick<Lease, 'name' | 'holder'>
