import { findRedis, RedisServer } from './redis-server.js'

const MISSING =
  'NOT TESTED: there is no Redis here, so nothing was tried with one. Debian: apt-get install redis-server.'

/**
 * Tests that need a real Redis, which is started for all of them together and ended whatever becomes of them. Where there is none they are
 * replaced by a single one, which says so aloud, and fails where CI asks for everything.
 */
export function describeWithRedis(
  name: string,
  tests: (redis: () => RedisServer) => void,
  settings: readonly string[] = [],
): void {
  if (findRedis() === null) {
    describe(name, () => {
      test('a Redis is there, or its absence is said aloud', () => {
        if (process.env['CI'] === 'true') throw new Error(MISSING)
        process.stderr.write(`\n${'!'.repeat(80)}\n${MISSING}\n${'!'.repeat(80)}\n\n`)
      })
    })
    return
  }
  describe(name, () => {
    let server: RedisServer | null = null
    beforeAll(async () => {
      server = await RedisServer.start(settings)
    })
    afterAll(() => server?.end())
    tests(() => server!)
  })
}
