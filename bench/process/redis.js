import { supportModule } from './bundled.js'

/** A real Redis, the one that the tests use (`test/support/redis`); null, and a line that says so, where there is none. Ends with the bench. */
export async function startRedis(say) {
  const { findRedis, RedisServer } = await supportModule('redis/redis-server.ts')
  if (findRedis() === null) {
    say('NOT MEASURED: there is no Redis here, so nodes hear nothing of each other')
    return null
  }
  const server = await RedisServer.start()
  const endAtOnce = () => server.child?.kill('SIGKILL')
  process.once('exit', endAtOnce)
  return {
    url: `redis://127.0.0.1:${server.port}`,
    pid: server.child.pid,
    async stop() {
      process.off('exit', endAtOnce)
      await server.end()
    },
  }
}
