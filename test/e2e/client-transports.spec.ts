import type { Changed, DatasetName, DeviceId, RecordKey, SyncCount, SyncRequest } from '@satchel/protocol'
import { GuestProvider } from '../../libs/client/src/identity/guest-provider.js'
import { SystemClock } from '../../libs/client/src/runtime/clock.js'
import { FallbackTransport } from '../../libs/client/src/transport/fallback-transport.js'
import { HttpTransport } from '../../libs/client/src/transport/http-transport.js'
import { SocketTransport } from '../../libs/client/src/transport/socket-transport.js'
import type { Connection, ConnectionFault, Transport } from '../../libs/client/src/transport/transport.js'
import { aPool } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { faultOf } from '../support/fault-of.js'
import { startServer, type RunningServer } from '../support/start-server.js'
import { Strangers } from '../support/strangers.js'

const clock = new SystemClock()
const random = { fraction: () => 0.5, uuid: () => 'unused' }
const SETTINGS = 'settings' as DatasetName
const strangers = new Strangers()

let server: RunningServer
let pool: string
const connections: Connection[] = []

beforeAll(async () => {
  server = await startServer()
  pool = await aPool(server)
})
afterEach(() => {
  for (const connection of connections.splice(0)) connection.close()
})
afterAll(() => server.stop())

const transports = (endpoint = server.url): Record<'socket' | 'http', Transport> => ({
  socket: new SocketTransport(endpoint),
  http: new HttpTransport(endpoint, clock),
})

const guest = () => new GuestProvider({ endpoint: server.url, pool }).authenticate(null)

/** A connection, what it is told, and why it ended. */
async function connected(transport: Transport, token: string) {
  const hints: Changed[] = []
  const ends: ConnectionFault[] = []
  const connection = await transport.connect(token, {
    changed: (hint) => hints.push(hint),
    closed: (why) => ends.push(why),
  })
  connections.push(connection)
  return { connection, hints, ends }
}

const silent = { changed: () => {}, closed: () => {} }

/** As a promise, which rejects where the expectation is not met. */
const expecting = (check: () => void): Promise<void> => new Promise((resolve) => resolve(check()))

let numbers = 0
const putting = (key: string, value: string, base = 0, device = 'phone'): SyncRequest => ({
  device: device as DeviceId,
  datasets: [
    {
      ...{ dataset: SETTINGS, epoch: 0, since: 0 as SyncCount, page: null },
      batch: {
        number: ++numbers,
        patches: [{ op: 'replace', key: key as RecordKey, value, base: base as SyncCount, deviceModifiedAt: null }],
      },
    },
  ],
})

const at = (epoch: number, since: number) => ({ datasets: [{ dataset: SETTINGS, epoch, since: since as SyncCount }] })

describe.each(['socket', 'http'] as const)('the %s transport', (kind) => {
  test('[NE12] connects, and is told whom it speaks for, until when, and the limits', async () => {
    const { identity, token } = await guest()
    const { connection } = await connected(transports()[kind], token)
    expect(connection.hello).toMatchObject({ protocol: 1, pool, identity, limits: { recordsPerDatasetMax: 1_024 } })
    expect(connection.hello.expiresAt).toBeGreaterThan(connection.hello.serverTime)
  })

  test('[NE12] sends, fetches, and is told of what another device changes', async () => {
    const { token } = await guest()
    const a = await connected(transports()[kind], token)
    const b = await connected(transports()[kind], token)
    const { datasets } = await a.connection.sync(putting('theme', 'dark'))
    expect(datasets).toMatchObject([{ dataset: 'settings', batch: { outcome: 'accepted', syncCount: 1 } }])
    const epoch = datasets[0]!.changes!.epoch
    await b.connection.watch(at(epoch, 1))
    await a.connection.sync(putting('theme', 'light', 1))
    await eventually(() => expecting(() => expect(b.hints).toMatchObject([{ base: 1, through: 2 }])), 5_000)
    await a.connection.sync(putting('theme', 'grey', 2))
    await eventually(() => expecting(() => expect(b.hints.at(-1)).toMatchObject({ through: 3 })), 5_000)
    expect([...a.ends, ...b.ends]).toEqual([])
  })

  test('[NE12] a watch tells what was missed before it', async () => {
    const { token } = await guest()
    const a = await connected(transports()[kind], token)
    const { datasets } = await a.connection.sync(putting('theme', 'dark'))
    const epoch = datasets[0]!.changes!.epoch
    await a.connection.sync(putting('theme', 'light', 1))
    const b = await connected(transports()[kind], token)
    const { changed } = await b.connection.watch(at(epoch, 1))
    await eventually(() => expecting(() => expect([...changed, ...b.hints]).toMatchObject([{ through: 2 }])), 5_000)
  })

  test('[NE12] a newer token goes on with the same connection', async () => {
    const { identity, token } = await guest()
    const { connection, ends } = await connected(transports()[kind], token)
    const newer = await new GuestProvider({ endpoint: server.url, pool }).authenticate(identity)
    expect(await connection.renew(newer.token)).toMatchObject({ identity })
    expect(await connection.sync(putting('theme', 'dark'))).toMatchObject({ datasets: [{}] })
    expect(ends).toEqual([])
  })

  test("[NE12] a refusal comes in the server's own words: a bad token, a message that does not do", async () => {
    const bad = await faultOf(transports()[kind].connect('nonsense', silent))
    expect(bad).toMatchObject({
      kind: 'refused',
      error: { code: expect.stringMatching(/NotAuthorized|InvalidIdentityToken/) },
    })
    const { token } = await guest()
    const { connection } = await connected(transports()[kind], token)
    const refused = await faultOf(connection.sync({ ...putting('theme', 'dark'), datasets: [{ odd: 1 } as never] }))
    expect(refused).toMatchObject({ kind: 'refused', error: { code: 'InvalidParameter' } })
    expect(await connection.sync(putting('theme', 'dark'))).toMatchObject({ datasets: [{}] })
  })

  test('[NE12] nobody there is unreachable', async () => {
    const nobody = await faultOf(transports('http://127.0.0.1:9')[kind].connect('token', silent))
    expect(nobody).toMatchObject({ kind: 'unreachable', error: null })
  })

  test('[NE12] a captive portal is no server, however well it answers', async () => {
    const portal = await faultOf(transports(await strangers.portal())[kind].connect('token', silent))
    expect(portal).toMatchObject({ kind: 'not-satchel', error: null })
  })

  test('[NE12] after closing nothing is heard, and what was asked is cut', async () => {
    const { token } = await guest()
    const { connection, ends, hints } = await connected(transports()[kind], token)
    await connection.watch(at(0, 0))
    const asked = faultOf(connection.sync(putting('theme', 'dark')))
    connection.close()
    expect(await asked).toMatchObject({ kind: 'cut' })
    expect(await faultOf(connection.sync(putting('theme', 'dark')))).toMatchObject({ kind: 'cut' })
    const other = await connected(transports()[kind], token)
    await other.connection.sync(putting('another', 'x'))
    expect(ends).toEqual([])
    expect(hints).toEqual([])
  })

  test('[NE12] a server that goes away ends the connection, with its own words where it had time for any', async () => {
    const own = await startServer()
    const { token } = await new GuestProvider({ endpoint: own.url, pool: await aPool(own) }).authenticate(null)
    const { connection, ends } = await connected(transports(own.url)[kind], token)
    await connection.watch(at(0, 0))
    const asked = kind === 'socket' ? null : connection
    await own.stop()
    await eventually(() => expecting(() => expect(ends).toHaveLength(1)), 10_000)
    if (asked === null) expect(ends[0]).toMatchObject({ kind: 'refused', error: { code: 'ServiceUnavailable' } })
    else expect(['refused', 'cut', 'unreachable']).toContain(ends[0]!.kind)
  })
})

describe('where sockets are blocked', () => {
  const counting = (transport: Transport) => {
    const counted = { tries: 0, connect: transport.connect.bind(transport) }
    return {
      get tries() {
        return counted.tries
      },
      connect: (...given: Parameters<Transport['connect']>) => {
        counted.tries++
        return counted.connect(...given)
      },
    }
  }

  test('[NE13] HTTP takes over, and sockets are tried again only later', async () => {
    const endpoint = await strangers.proxyWithoutSockets(server.url)
    const { socket, http } = transports(endpoint)
    const sockets = counting(socket)
    const both = new FallbackTransport({ socket: sockets, http: http, clock, random })
    const { token } = await guest()
    for (let round = 0; round < 3; round++) {
      const { connection } = await connected(both, token)
      expect(await connection.sync(putting(`key ${round}`, 'x'))).toMatchObject({ datasets: [{}] })
    }
    expect(sockets.tries).toBe(1)
  })

  test('[NE13] a refusal is believed at once, and nobody there is told as that', async () => {
    const { socket, http } = transports()
    const https = counting(http)
    const both = new FallbackTransport({ socket: socket, http: https, clock, random })
    expect(await faultOf(both.connect('nonsense', silent))).toMatchObject({ kind: 'refused' })
    expect(https.tries).toBe(0)
    const nowhere = transports('http://127.0.0.1:9')
    const neither = new FallbackTransport({ socket: nowhere.socket, http: nowhere.http, clock, random })
    expect(await faultOf(neither.connect('token', silent))).toMatchObject({ kind: 'unreachable' })
  })

  test('[NE13] a proxy that names a time to come back is obeyed', async () => {
    const busy = await strangers.answering((_, response) => response.writeHead(503, { 'retry-after': '7' }).end('busy'))
    const fault = await faultOf(transports(busy).http.connect('token', silent))
    expect(fault).toMatchObject({ kind: 'refused', error: { code: 'ServiceUnavailable', retryAfterMs: 7_000 } })
  })
})
