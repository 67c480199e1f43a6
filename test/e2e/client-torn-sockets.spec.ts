import { createServer, request as forward, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Changed, DatasetName, DeviceId, RecordKey, SyncCount, SyncRequest } from '@satchel/protocol'
import { GuestProvider } from '../../libs/client/src/identity/guest-provider.js'
import { SystemClock } from '../../libs/client/src/runtime/clock.js'
import { SystemRandom } from '../../libs/client/src/runtime/random.js'
import { FallbackTransport } from '../../libs/client/src/transport/fallback-transport.js'
import { HttpTransport } from '../../libs/client/src/transport/http-transport.js'
import { SocketTransport } from '../../libs/client/src/transport/socket-transport.js'
import { aPool } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { settled } from '../support/live-device.js'
import { startServer, type RunningServer } from '../support/start-server.js'

const SETTINGS = 'settings' as DatasetName
const WITHIN_MS = 10_000

let server: RunningServer
let balancer: Balancer
beforeAll(async () => {
  server = await startServer()
  balancer = await Balancer.start(server.url)
})
afterAll(async () => {
  balancer.close()
  await server.stop()
})

test('[NE13] sockets that are torn and refused for a while: HTTP carries at once, and a socket takes over unnoticed', async () => {
  const clock = new SystemClock()
  const { token } = await new GuestProvider({ endpoint: server.url, pool: await aPool(server) }).authenticate(null)
  const transport = new FallbackTransport({
    ...{ socket: new SocketTransport(balancer.url), http: new HttpTransport(balancer.url, clock) },
    ...{ clock, random: new SystemRandom() },
  })
  const hints: Changed[] = []
  const ends: unknown[] = []
  const connected = () =>
    transport.connect(token, { changed: (hint) => hints.push(hint), closed: (why) => ends.push(why) })
  const toldThrough = (count: number) =>
    eventually(
      () =>
        settled(
          hints.some(({ through }) => through >= count),
          'no hint has come',
        ),
      WITHIN_MS,
    )
  const other = await new SocketTransport(server.url).connect(token, { changed: () => {}, closed: () => {} })
  const epoch = (await other.sync(putting('dark', 0))).datasets[0]!.changes!.epoch
  const from = (since: number) => ({ datasets: [{ dataset: SETTINGS, epoch, since: since as SyncCount }] })

  const torn = await connected()
  await torn.watch(from(1))
  expect(balancer.sockets.size).toBe(1)
  balancer.carriesSockets = false
  balancer.tear()
  await eventually(() => settled(ends.length === 1, 'its end is not told'), WITHIN_MS)

  const connection = await connected()
  await connection.watch(from(1))
  await other.sync(putting('light', 1))
  await toldThrough(2)
  await eventually(() => settled(balancer.refused > 0, 'no socket was tried meanwhile'), WITHIN_MS)
  expect(balancer.sockets.size).toBe(0)

  balancer.carriesSockets = true
  // Whatever happens while it moves is told, over the one or the other.
  for (let count = 2; balancer.sockets.size === 0 || count < 12; count++) {
    expect(await other.sync(putting(`${count}`, count))).toMatchObject({
      datasets: [{ batch: { outcome: 'accepted' } }],
    })
    await toldThrough(count + 1)
  }
  const nothing = { dataset: SETTINGS, epoch, since: 0 as SyncCount, page: null, batch: null }
  await eventually(async () => {
    const { length } = balancer.requests
    expect(await connection.sync({ device: 'phone' as DeviceId, datasets: [nothing] })).toMatchObject({
      datasets: [{}],
    })
    return settled(balancer.requests.length === length, 'it goes by HTTP still')
  }, WITHIN_MS)
  expect(ends).toHaveLength(1)
  connection.close()
  other.close()
}, 60_000)

const putting = (value: string, base: number): SyncRequest => ({
  device: 'desk' as DeviceId,
  datasets: [
    {
      ...{ dataset: SETTINGS, epoch: 0, since: 0 as SyncCount, page: null },
      batch: {
        number: base + 1,
        patches: [{ op: 'replace', key: 'theme' as RecordKey, value, base: base as SyncCount, deviceModifiedAt: null }],
      },
    },
  ],
})

/** Carries HTTP to a server always, and sockets while it is told to. */
class Balancer {
  carriesSockets = true
  refused = 0
  readonly requests: string[] = []
  readonly sockets = new Set<Socket>()

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {
    const { hostname, port } = target
    server.on('request', (request, response) => {
      const { method, url: path, headers } = request
      this.requests.push(path!)
      const passed = forward({ hostname, port, method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(response)
      })
      passed.on('error', () => response.destroy())
      response.on('close', () => passed.destroy())
      request.pipe(passed)
    })
    server.on('upgrade', ({ method, url, rawHeaders }, client: Socket, head: Buffer) => {
      client.on('error', () => {})
      if (!this.carriesSockets) {
        this.refused++
        return client.destroy()
      }
      const behind = connect(Number(this.target.port), this.target.hostname)
      const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []))
      behind.write([`${method} ${url} HTTP/1.1`, ...lines, '', ''].join('\r\n'))
      behind.write(head)
      behind.on('error', () => {})
      this.sockets.add(client)
      client.on('close', () => {
        this.sockets.delete(client)
        behind.destroy()
      })
      behind.on('close', () => client.destroy())
      client.pipe(behind).pipe(client)
    })
  }

  static async start(target: string): Promise<Balancer> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Balancer(server, new URL(target))
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** Ends all sockets without a farewell. */
  tear(): void {
    for (const socket of this.sockets) socket.resetAndDestroy()
  }

  close(): void {
    this.tear()
    this.server.closeAllConnections()
    this.server.close()
  }
}
