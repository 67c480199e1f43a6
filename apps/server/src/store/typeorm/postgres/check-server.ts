import type pg from 'pg'

const VERSION_MIN = 130_000

type ServerFacts = Readonly<{
  version: number
  encoding: string
  durable: string
  flushed: string
  connectionsMax: number
  reserved: number
}>

/** Throws a sentence where the server cannot keep what this one promises, or has too few connections for it. */
export async function checkServer(pool: pg.Pool, { connections }: Readonly<{ connections: number }>): Promise<void> {
  const { rows } = await pool.query<ServerFacts>(FACTS)
  const { version, encoding, durable, flushed, connectionsMax, reserved } = rows[0]!
  if (version < VERSION_MIN)
    throw new Error(`it is PostgreSQL ${Math.floor(version / 10_000)}, and 13 is the oldest that will do`)
  if (encoding !== 'UTF8')
    throw new Error(`its encoding is ${encoding}, which cannot hold every text; it has to be UTF8`)
  if (durable === 'off')
    throw new Error('its synchronous_commit is off, so it would lose what was acknowledged; turn it on')
  if (flushed === 'off') throw new Error('its fsync is off, so it would lose what was acknowledged; turn it on')
  if (connections > connectionsMax - reserved) {
    throw new Error(
      `SATCHEL_DATABASE_POOL is ${connections}, and of its ${connectionsMax} connections (max_connections) ${reserved} are reserved; ` +
        'lower the one or raise the other',
    )
  }
}

const FACTS = `SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
  current_setting('synchronous_commit') AS durable, current_setting('fsync') AS flushed,
  current_setting('max_connections')::int AS "connectionsMax",
  current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved`
