import type { Changed, DatasetName, DeviceId, Hello, SyncAnswer, SyncCount, WatchRequest } from '@satchel/protocol'
import { HeldClock } from '../local/testing/held-clock.js'
import { FallbackTransport } from './fallback-transport.js'
import { ConnectionFault, type Connection, type ConnectionListener, type Transport } from './transport.js'

const torn = (kind: 'cut' | 'unreachable' = 'cut') => new ConnectionFault(kind, 'torn')
const refusal = (retryAfterMs: number | null = null) =>
  new ConnectionFault('refused', 'later', { code: 'TooManyRequests', message: 'later', retryAfterMs })

const watching = (...names: string[]): WatchRequest => ({
  datasets: names.map((name) => ({ dataset: name as DatasetName, epoch: 1, since: 0 as SyncCount })),
})
const hintOf = (name: string): Changed => ({
  ...{ dataset: name as DatasetName, epoch: 1, base: 0 as SyncCount, through: 1 as SyncCount, records: null },
})
const asked = { device: 'phone' as DeviceId, datasets: [] }

/** One connection of one of the two ways, as a test holds it. */
class Way implements Connection {
  readonly hello = {} as Hello
  readonly watched: string[][] = []
  readonly tokens: string[]
  /** What is told of as missed when it is asked to watch. */
  missed: readonly Changed[] = []
  isClosed = false
  isRetired = false
  /** What is asked waits for it. */
  answered: Promise<void> = Promise.resolve()

  constructor(
    readonly kind: 'socket' | 'http',
    token: string,
    readonly listener: ConnectionListener,
  ) {
    this.tokens = [token]
  }

  async sync(): Promise<SyncAnswer> {
    await this.answered
    if (this.isClosed) throw torn()
    return { datasets: [], over: this.kind } as unknown as SyncAnswer
  }

  async watch({ datasets }: WatchRequest) {
    await this.answered
    if (this.isClosed) throw torn()
    this.watched.push(datasets.map(({ dataset }) => dataset))
    return { changed: this.missed }
  }

  renew(token: string): Promise<Hello> {
    this.tokens.push(token)
    return Promise.resolve(this.hello)
  }

  close(): void {
    this.isClosed = true
  }

  retire(): void {
    this.isRetired = true
  }

  tear(why = torn()): void {
    this.isClosed = true
    this.listener.closed(why)
  }
}

/** A network whose sockets and HTTP do what a test says. */
class Bench {
  readonly clock = new HeldClock()
  readonly sockets: Way[] = []
  readonly https: Way[] = []
  readonly hints: string[] = []
  readonly ends: unknown[] = []
  tries = 0
  chance = 1
  /** Why sockets and HTTP fail; null while they come about. */
  noSocket: ConnectionFault | null = null
  noHttp: ConnectionFault | null = null
  opened: Promise<void> = Promise.resolve()
  readonly transport: FallbackTransport

  constructor() {
    const socket: Transport = {
      connect: async (token, listener) => {
        this.tries++
        await this.opened
        if (this.noSocket !== null) throw this.noSocket
        const way = new Way('socket', token, listener)
        this.sockets.push(way)
        return way
      },
    }
    const http: Transport = {
      connect: (token, listener) => {
        if (this.noHttp !== null) return Promise.reject(this.noHttp)
        const way = new Way('http', token, listener)
        this.https.push(way)
        return Promise.resolve(way)
      },
    }
    const random = { fraction: () => this.chance, uuid: () => '' }
    this.transport = new FallbackTransport({ socket, http, clock: this.clock, random })
  }

  connect(): Promise<Connection> {
    return this.transport.connect('token', {
      changed: ({ dataset }) => this.hints.push(dataset),
      closed: (why) => this.ends.push(why),
    })
  }

  /** A socket was greeted here, and held until it was torn. */
  async afterAGoodSocket(): Promise<void> {
    await this.connect()
    await this.pass(10_000)
    this.sockets[0]!.tear()
    expect(this.ends).toHaveLength(1)
    this.ends.length = this.tries = this.sockets.length = 0
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms)
    await settle()
  }

  /** How long it takes until sockets are tried once more. */
  async untilTried(): Promise<number> {
    const before = this.tries
    for (let ms = 0; ms <= 600_000; ms += 250) {
      if (this.tries > before) return ms
      await this.pass(250)
    }
    throw new Error('no socket is tried')
  }
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const overOf = async (connection: Connection): Promise<string> =>
  ((await connection.sync(asked)) as unknown as { over: string }).over

describe('where a socket was greeted before', () => {
  test('[NE13] one that held and is torn is replaced by a socket at once', async () => {
    const bench = new Bench()
    await bench.afterAGoodSocket()
    expect(await overOf(await bench.connect())).toBe('socket')
    expect(bench.https).toEqual([])
  })

  test('[NE13] HTTP carries while none comes about, and the next one is tried within half a second', async () => {
    const bench = new Bench()
    await bench.afterAGoodSocket()
    bench.noSocket = torn('unreachable')
    const connection = await bench.connect()
    expect(await overOf(connection)).toBe('http')
    bench.noSocket = null
    expect(await bench.untilTried()).toBe(500)
    expect(await overOf(connection)).toBe('socket')
    expect(bench.ends).toEqual([])
  })

  test('[NE13] further tries wait for up to twice as long each, and no longer than five minutes', async () => {
    const bench = new Bench()
    await bench.afterAGoodSocket()
    bench.noSocket = torn()
    await bench.connect()
    const waits: number[] = []
    for (let tried = 0; tried < 12; tried++) waits.push((await bench.untilTried()) / 1_000)
    expect(waits).toEqual([0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
  })

  test('[NE13] a wait is anything between nothing and its bound', async () => {
    const bench = new Bench()
    await bench.afterAGoodSocket()
    bench.noSocket = torn()
    bench.chance = 0.5
    await bench.connect()
    expect(await bench.untilTried()).toBe(250)
    expect(await bench.untilTried()).toBe(500)
    bench.chance = 0
    expect(await bench.untilTried()).toBe(1_000)
    bench.noSocket = null
    expect(await bench.untilTried()).toBe(250)
  })

  test('[NE13] one that is torn soon after its greeting counts as none, and HTTP carries at once', async () => {
    const bench = new Bench()
    await bench.connect()
    for (const restMs of [500, 1_000, 2_000]) {
      await bench.pass(9_999)
      bench.sockets.at(-1)!.tear()
      const connection = await bench.connect()
      expect(await overOf(connection)).toBe('http')
      expect(await bench.untilTried()).toBe(restMs)
      expect(await overOf(connection)).toBe('socket')
    }
    // One that held is a good one, also after such as did not.
    await bench.pass(10_000)
    bench.sockets.at(-1)!.tear()
    expect(await overOf(await bench.connect())).toBe('socket')
  })

  test('[NE13] a socket that the server ends with its own words says nothing about sockets', async () => {
    const bench = new Bench()
    await bench.connect()
    bench.sockets[0]!.tear(refusal())
    expect(await overOf(await bench.connect())).toBe('socket')
  })
})

describe('where no socket was ever greeted', () => {
  test('[NE13] the rests begin with fifteen seconds and grow to five minutes', async () => {
    const bench = new Bench()
    bench.noSocket = torn('unreachable')
    const connection = await bench.connect()
    const waits: number[] = []
    for (let tried = 0; tried < 7; tried++) waits.push((await bench.untilTried()) / 1_000)
    expect(waits).toEqual([15, 30, 60, 120, 240, 300, 300])
    expect(await overOf(connection)).toBe('http')
    expect(bench.ends).toEqual([])
  })

  test('[NE13] connections that come during a rest go by HTTP, and end nothing of it', async () => {
    const bench = new Bench()
    bench.noSocket = torn('unreachable')
    for (let round = 0; round < 3; round++) {
      const connection = await bench.connect()
      expect(await overOf(connection)).toBe('http')
      connection.close()
      await bench.pass(4_000)
    }
    expect(bench.tries).toBe(1)
    await bench.connect()
    expect(await bench.untilTried()).toBe(3_000)
  })

  test('[NE13] once one is greeted after all, it is a network in which they work', async () => {
    const bench = new Bench()
    bench.noSocket = torn('unreachable')
    await bench.connect()
    await bench.untilTried()
    bench.noSocket = null
    expect(await bench.untilTried()).toBe(30_000)
    await bench.pass(10_000)
    bench.sockets[0]!.tear()
    bench.noSocket = torn()
    await bench.connect()
    expect(await bench.untilTried()).toBe(500)
  })

  test('[NE13] where HTTP fails too the rest is over, since the network may be another one', async () => {
    const bench = new Bench()
    bench.noSocket = torn('unreachable')
    await bench.connect()
    bench.noHttp = torn('unreachable')
    await expect(bench.connect()).rejects.toBe(bench.noHttp)
    bench.noSocket = null
    expect(await overOf(await bench.connect())).toBe('socket')
  })
})

describe('a socket that takes over from HTTP', () => {
  const overHttp = async () => {
    const bench = new Bench()
    await bench.afterAGoodSocket()
    bench.noSocket = torn()
    const connection = await bench.connect()
    bench.noSocket = null
    return { bench, connection, http: bench.https[0]! }
  }

  test('[NE13] watches first what HTTP watches, and tells what was missed', async () => {
    const { bench, connection, http } = await overHttp()
    await connection.watch(watching('prefs', 'notes'))
    let open = () => {}
    bench.opened = new Promise((resolve) => (open = resolve))
    await bench.pass(500)
    http.listener.changed(hintOf('prefs'))
    expect(await overOf(connection)).toBe('http')
    open()
    await settle()
    expect(bench.sockets[0]!.watched).toEqual([['prefs', 'notes']])
    expect(http).toMatchObject({ isRetired: true, isClosed: false })
    bench.sockets[0]!.listener.changed(hintOf('notes'))
    expect(bench.hints).toEqual(['prefs', 'notes'])
    await connection.watch(watching('more'))
    expect([http.watched, bench.sockets[0]!.watched.at(-1)]).toEqual([[['prefs', 'notes']], ['more']])
  })

  test('[NE13] also what is watched only while it comes about', async () => {
    const { bench, connection } = await overHttp()
    await connection.watch(watching('prefs'))
    let answer = () => {}
    await bench.pass(499)
    bench.opened = Promise.resolve().then(() => {})
    bench.clock.advance(1)
    while (bench.sockets.length === 0) await Promise.resolve()
    const socket = bench.sockets[0]!
    socket.answered = new Promise((resolve) => (answer = resolve))
    socket.missed = [hintOf('prefs')]
    await settle()
    await connection.watch(watching('prefs', 'notes'))
    answer()
    await settle()
    expect(socket.watched.at(-1)).toEqual(['prefs', 'notes'])
    expect(bench.hints).toContain('prefs')
    expect(await overOf(connection)).toBe('socket')
  })

  test('[NE13] leaves what was asked over HTTP to be answered there', async () => {
    const { bench, connection, http } = await overHttp()
    let answer = () => {}
    http.answered = new Promise((resolve) => (answer = resolve))
    const before = overOf(connection)
    await bench.pass(500)
    expect(await overOf(connection)).toBe('socket')
    answer()
    expect(await before).toBe('http')
  })

  test('[NE13] is opened with the newest token', async () => {
    const { bench, connection } = await overHttp()
    await connection.renew('newer')
    await bench.pass(500)
    expect(bench.sockets[0]!.tokens).toEqual(['newer'])
  })

  test('[NE13] and is torn before it has, ends nothing, and is tried again', async () => {
    const { bench, connection } = await overHttp()
    await connection.watch(watching('prefs'))
    bench.chance = 1
    const opened = bench.untilTried()
    bench.opened = Promise.resolve()
    await opened
    expect(await overOf(connection)).toBe('socket')
    // The same, with one that is torn while it is asked to watch.
    const again = await overHttp()
    await again.connection.watch(watching('prefs'))
    again.bench.clock.advance(500)
    while (again.bench.sockets.length === 0) await Promise.resolve()
    again.bench.sockets[0]!.tear()
    await settle()
    expect(again.bench.ends).toEqual([])
    expect(await overOf(again.connection)).toBe('http')
    await again.bench.untilTried()
    expect(await overOf(again.connection)).toBe('socket')
  })

  test('[NE13] [NE1] and is refused for a time, is not tried before that', async () => {
    const { bench, connection } = await overHttp()
    bench.noSocket = refusal(20_000)
    expect(await bench.untilTried()).toBe(500)
    bench.noSocket = null
    expect(await bench.untilTried()).toBe(21_000)
    expect(await overOf(connection)).toBe('socket')
  })

  test('[NE12] comes too late for a connection that was closed, and is closed as well', async () => {
    const { bench, connection, http } = await overHttp()
    let open = () => {}
    bench.opened = new Promise((resolve) => (open = resolve))
    await bench.pass(500)
    connection.close()
    open()
    await settle()
    expect([http.isClosed, bench.sockets[0]!.isClosed]).toEqual([true, true])
    expect(bench.clock.waiting).toBe(0)
    expect(bench.ends).toEqual([])
  })

  test('[NE12] is not looked for once HTTP has ended, which is told', async () => {
    const { bench, http } = await overHttp()
    http.tear()
    expect(bench.ends).toHaveLength(1)
    expect(bench.clock.waiting).toBe(0)
  })

  test('[NE12] tells its end, once', async () => {
    const { bench, http } = await overHttp()
    await bench.pass(500)
    await bench.pass(10_000)
    bench.sockets[0]!.tear()
    expect(bench.ends).toHaveLength(1)
    expect(http.isClosed).toBe(true)
  })
})
