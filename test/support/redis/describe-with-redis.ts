import { describeWithService } from '../describe-with-service.js'
import { findRedis, RedisServer } from './redis-server.js'

const MISSING =
  'NOT TESTED: there is no Redis here, so nothing was tried with one. Debian: apt-get install redis-server.'

/** Tests that need a real Redis, with these settings; see `describeWithService`. */
export function describeWithRedis(
  name: string,
  tests: (redis: () => RedisServer) => void,
  settings: readonly string[] = [],
): void {
  const missing = findRedis() === null ? MISSING : null
  describeWithService({ what: 'a Redis', missing, start: () => RedisServer.start(settings) }, name, tests)
}
