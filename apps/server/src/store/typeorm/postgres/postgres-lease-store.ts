import type { Lease, LeaseStore } from '../../lease-store.js'
import { leaseNow, presentTime, type LeaseTime } from './lease-time.js'
import type { Statements } from './postgres-database.js'
import { prepared } from './prepared.js'

/**
 * Keeps leases in PostgreSQL, whose clock decides when they end. A holder is told that end by its own clock, counted from when it asked: never later than
 * the database has it, however wrong its clock is.
 */
export class PostgresLeaseStore implements LeaseStore {
  constructor(
    private readonly database: Statements,
    private readonly time: LeaseTime = 'database',
  ) {}

  async take({ names, holder, now, until }: Parameters<LeaseStore['take']>[0]): Promise<readonly Lease[]> {
    const values = [names, holder, leaseNow(this.time, now), until - now]
    const taken = await this.database.transaction((transaction) =>
      transaction.query<{ name: string; epoch: number }>(TAKE, values),
    )
    const epochs = new Map(taken.map(({ name, epoch }) => [name, epoch]))
    return names.flatMap((name) => {
      const epoch = epochs.get(name)
      return epoch === undefined ? [] : [{ name, holder, epoch, until }]
    })
  }

  async release(holder: string): Promise<void> {
    await this.database.transaction((transaction) => transaction.run(RELEASE, [holder]))
  }
}

// A lease that has not ended is prolonged for its holder, in its epoch, and left alone for anybody else. In the order of their names, so that two
// who take several never wait for each other.
const TAKE = prepared(`WITH present AS MATERIALIZED (SELECT ${presentTime(3)} AS now)
  INSERT INTO stream_lease AS held (name, holder, epoch, until)
    SELECT wanted.name, $2, 1, present.now + $4::bigint FROM (SELECT unnest($1::text[]) AS name ORDER BY 1) AS wanted, present
  ON CONFLICT (name) DO UPDATE SET epoch = held.epoch + (held.until <= ${presentTime(3)})::int,
      holder = excluded.holder, until = excluded.until
    WHERE held.until <= ${presentTime(3)} OR held.holder = excluded.holder
  RETURNING held.name, held.epoch`)

const RELEASE = prepared(`UPDATE stream_lease SET until = 0
  WHERE name IN (SELECT name FROM stream_lease WHERE holder = $1 ORDER BY name FOR UPDATE)`)
