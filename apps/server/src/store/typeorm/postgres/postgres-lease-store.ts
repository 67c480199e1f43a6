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

  async take({ names, holder, now, until, most }: Parameters<LeaseStore['take']>[0]): Promise<readonly Lease[]> {
    const values = [names, holder, leaseNow(this.time, now), until - now, most ?? names.length]
    const taken = await this.database.transaction((transaction) =>
      transaction.query<{ name: string; epoch: number }>(TAKE, values),
    )
    const epochs = new Map(taken.map(({ name, epoch }) => [name, epoch]))
    return names.flatMap((name) => {
      const epoch = epochs.get(name)
      return epoch === undefined ? [] : [{ name, holder, epoch, until }]
    })
  }

  async holders({ names, now }: Parameters<LeaseStore['holders']>[0]): Promise<ReadonlyMap<string, string>> {
    const held = await this.database.query<HeldLease>(HOLDERS, [names, leaseNow(this.time, now)])
    return new Map(held.map(({ name, holder }) => [name, holder]))
  }

  async release(holder: string, names: readonly string[] | null = null): Promise<void> {
    await this.database.transaction((transaction) => transaction.run(RELEASE, [holder, names]))
  }
}

type HeldLease = Pick<Lease, 'name' | 'holder'>

// What the holder has is wanted first, then what is free as far as this statement sees. A lease that has not ended is prolonged for its holder, in its
// epoch, and left alone for anybody else, who may have taken it since. In the order of their names, so that two who take several never wait for each other.
const TAKE = prepared(`WITH present AS MATERIALIZED (SELECT ${presentTime(3)} AS now)
  INSERT INTO stream_lease AS held (name, holder, epoch, until)
    SELECT wanted.name, $2, 1, present.now + $4::bigint FROM (
      SELECT name FROM (
        SELECT asked.name FROM present, unnest($1::text[]) WITH ORDINALITY AS asked (name, place)
          LEFT JOIN stream_lease AS known ON known.name = asked.name
        WHERE known.name IS NULL OR known.until <= present.now OR known.holder = $2
        ORDER BY (known.name IS NOT NULL AND known.holder = $2 AND known.until > present.now) DESC, asked.place LIMIT $5
      ) AS first ORDER BY 1) AS wanted, present
  ON CONFLICT (name) DO UPDATE SET epoch = held.epoch + (held.until <= ${presentTime(3)})::int,
      holder = excluded.holder, until = excluded.until
    WHERE held.until <= ${presentTime(3)} OR held.holder = excluded.holder
  RETURNING held.name, held.epoch`)

const HOLDERS = prepared(
  `SELECT name, holder FROM stream_lease WHERE name = ANY ($1::text[]) AND until > ${presentTime(2)}`,
)

const RELEASE = prepared(`UPDATE stream_lease SET until = 0 WHERE name IN (
  SELECT name FROM stream_lease WHERE holder = $1 AND ($2::text[] IS NULL OR name = ANY ($2::text[])) ORDER BY name FOR UPDATE)`)
