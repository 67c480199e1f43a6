import { rmSync } from 'node:fs'
import { aGuest, aPool, withCredentials } from '../support/a-pool.js'
import { exchange, rawExchange } from '../support/http-exchange.js'
import { testProcesses } from '../support/test-processes.js'
import { datasetPath, replace } from '../support/wire-client.js'

const DRAIN_MS_MAX = 10_000

const { aDirectory, startServer, restart } = testProcesses()

describe('stop', () => {
  test('[F18] SIGTERM answers what is running, then ends with 0 within 10 seconds', async () => {
    const server = await startServer({ dataDir: aDirectory() })
    const me = await aGuest(server, await aPool(server))
    const { SyncSessionToken } = await me.device.list('settings')
    // A request whose body is half there is running; that the server has its head is known from the word to go on.
    const body = JSON.stringify({ SyncSessionToken, RecordPatches: [replace('late', 'but there')] })
    const { headers, target } = me.device.wire.signed({ method: 'POST', target: datasetPath(me, 'settings'), body })
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const length = `content-length: ${Buffer.byteLength(body)}\r\nexpect: 100-continue\r\n`
    const begun = performance.now()
    const { text } = await rawExchange(
      server.url,
      (socket) => {
        socket.write(`POST ${target} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body.slice(0, 20)}`)
        socket.once('data', () => {
          server.process.signal('SIGTERM')
          void server.process.line(/"stopping"/).then(() => socket.write(body.slice(20)))
        })
      },
      { withinMs: DRAIN_MS_MAX },
    )
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
    expect(text).toContain('but there')
    expect(await server.process.end(DRAIN_MS_MAX)).toEqual({ code: 0, signal: null })
    expect(performance.now() - begun).toBeLessThan(DRAIN_MS_MAX)

    const again = await restart(server)
    const after = await withCredentials(again, me)
    expect((await after.device.list('settings')).Records).toMatchObject([{ Key: 'late', Value: 'but there' }])
    await again.stop()
  })

  test('[F18] every write in flight is answered or refused, and what was answered is there', async () => {
    const server = await startServer({ dataDir: aDirectory() })
    const me = await aGuest(server, await aPool(server))
    const tokens = await Promise.all(Array.from({ length: 19 }, (_, n) => me.device.list(`d${n}`)))
    const writes = tokens.map(({ SyncSessionToken }, n) =>
      me.device.updateRaw(`d${n}`, SyncSessionToken, [replace('k', 'v')]).then(
        ({ status }) => status,
        () => 0,
      ),
    )
    server.process.signal('SIGTERM')
    const statuses = await Promise.all(writes)
    expect(await server.process.end(DRAIN_MS_MAX)).toEqual({ code: 0, signal: null })
    const again = await restart(server)
    const after = await withCredentials(again, me)
    for (const [n, status] of statuses.entries()) {
      const { DatasetSyncCount } = await after.device.list(`d${n}`)
      if (status === 200) expect(DatasetSyncCount).toBe(1)
      else if (status !== 0) expect([status, DatasetSyncCount]).toEqual([503, 0])
    }
    await again.stop()
  })

  test('[F18] a second SIGTERM changes nothing, and idle connections do not hold it up', async () => {
    const server = await startServer()
    await exchange(server.url, { target: '/health/live' })
    const idle = rawExchange(server.url, () => {}, { withinMs: DRAIN_MS_MAX })
    server.process.signal('SIGTERM')
    server.process.signal('SIGTERM')
    expect(await server.process.end(DRAIN_MS_MAX)).toEqual({ code: 0, signal: null })
    await idle
    rmSync(server.dataDir, { recursive: true })
  })
})
