import type { Changed, DatasetName, DeviceId, Hello, SyncAnswer, SyncCount, WatchRequest } from '@satchel/protocol'
import { HeldClock } from '../../local/testing/held-clock.js'
import { FallbackTransport } from '../fallback-transport.js'
import { ConnectionFault, type Connection, type ConnectionListener, type Transport } from '../transport.js'

/** Why a connection ended, or none came about. */
export const torn = (kind: 'cut' | 'unreachable' = 'cut') => new ConnectionFault(kind, 'torn')
export const refusal = (retryAfterMs: number | null = null) =>
  new ConnectionFault('refused', 'later', { code: 'TooManyRequests', message: 'later', retryAfterMs })

export const watching = (...names: string[]): WatchRequest => ({
  datasets: names.map((name) => ({ dataset: name as DatasetName, epoch: 1, since: 0 as SyncCount })),
})
export const hintOf = (name: string): Changed => ({
  ...{ dataset: name as DatasetName, epoch: 1, base: 0 as SyncCount, through: 1 as SyncCount, records: null },
})
const asked = { device: 'phone' as DeviceId, datasets: [] }

/** One connection of one of the two ways, as a test holds it. */
export class Way implements Connection {
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

/** A network whose sockets and HTTP do what a test says, and a transport that takes the one or the other. */
export class TwoWays {
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
  /** Sockets wait for the one before they are greeted, and with what they answer for the other. */
  opened: Promise<void> = Promise.resolve()
  answered: Promise<void> = Promise.resolve()
  readonly transport: FallbackTransport

  constructor() {
    const socket: Transport = {
      connect: async (token, listener) => {
        this.tries++
        await this.opened
        if (this.noSocket !== null) throw this.noSocket
        const way = new Way('socket', token, listener)
        way.answered = this.answered
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

export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Which of the two carries what is asked. */
export const overOf = async (connection: Connection): Promise<string> =>
  ((await connection.sync(asked)) as unknown as { over: string }).over
