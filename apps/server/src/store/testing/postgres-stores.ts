import type { PostgresServer } from '../../../../../test/support/postgres/postgres-server.js'
import { SystemClock } from '../../runtime/clock.js'
import { SystemRandom } from '../../runtime/random.js'
import type { Stores } from '../stores.js'
import type { StreamStorage } from '../stream-storage.js'
import type { LeaseTime } from '../typeorm/postgres/lease-time.js'
import { openPostgresStores } from '../typeorm/postgres/open-postgres-stores.js'
import type { Release } from '../typeorm/release.js'
import type { IdentityStores } from './identity-stores.js'
import { emptyDatabase } from './postgres-databases.js'
import { STREAMS, StreamHarness, type OpenStreamStores } from './stream-harness.js'

const CONNECTIONS = 8

/** All stores on a database that is there, as one of several nodes opens them. */
export const nodeOn = (url: string, streams: StreamStorage = STREAMS, time: LeaseTime = 'database'): Promise<Stores> =>
  openPostgresStores(
    { url, connections: CONNECTIONS, partitions: null, clock: new SystemClock(), random: new SystemRandom() },
    streams,
    time,
  )

/** On a database that was emptied; leases end by the times that a suite says. */
export const inPostgres =
  (server: () => PostgresServer, partitions = 0, release?: Release): OpenStreamStores =>
  async (streams = {}) =>
    StreamHarness.over(
      await nodeOn(await emptyDatabase(server(), partitions, release), { ...STREAMS, ...streams }, 'caller'),
    )

/** The stores of the identity side on a database that was emptied. */
export const postgresIdentityStores = async (
  server: PostgresServer,
  partitions = 0,
  release?: Release,
): Promise<IdentityStores> => nodeOn(await emptyDatabase(server, partitions, release))
