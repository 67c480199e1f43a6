import type { Duplex } from 'node:stream'
import type pg from 'pg'

const gathering = new WeakSet<Duplex>()

/**
 * Keeps back what a connection is given to send until the work at hand is done, promises that are settled by then included, so that statements which
 * need not wait for each other leave in one write; each by itself would be a call to the system, and would wake the database anew.
 */
export function gatherSends(client: pg.PoolClient): void {
  const { stream } = (client as pg.PoolClient & { connection: pg.Connection }).connection
  if (gathering.has(stream)) return
  gathering.add(stream)
  stream.cork()
  process.nextTick(() => {
    gathering.delete(stream)
    stream.uncork()
  })
}
