import {
  parseChanged,
  parseHello,
  parseSyncAnswer,
  parseSyncRequest,
  parseWatchAnswer,
  parseWatchRequest,
  violationMessage,
  type Changed,
  type Hello,
  type Parsed,
  type SyncAnswer,
  type SyncRequest,
  type WatchAnswer,
  type WatchRequest,
  type WireError,
} from '@satchel/protocol'
import {
  ConnectionFault,
  type Connection,
  type ConnectionListener,
  type Transport,
} from '../../../libs/client/src/transport/transport.js'
import type { Chance } from './chance.js'
import type { Life } from './life.js'
import type { SimServer, SimSocket } from './sim-server.js'
import type { Situations } from './situations.js'
import type { VirtualTime } from './virtual-time.js'

/** What can go wrong on the way; probabilities are per message. */
export type NetworkFaults = {
  delayMsMax: number
  /** The request never arrives. */
  lose: number
  /** The request arrives twice. */
  duplicate: number
  /** The request was processed, and its answer is lost. */
  swallow: number
  /** The connection ends under the request, before or after it was processed. */
  cut: number
  /** A copy of the request arrives up to ten minutes later. */
  replay: number
  /** The server, or a proxy before it, is too busy. */
  busy: number
  /** Somebody else answers, as a captive portal does. */
  foreign: number
  loseHint: number
  /** Messages of one connection keep their order, as on a socket. */
  ordered: boolean
}

export const NO_NETWORK_FAULTS: NetworkFaults = {
  delayMsMax: 20,
  lose: 0,
  duplicate: 0,
  swallow: 0,
  cut: 0,
  replay: 0,
  busy: 0,
  foreign: 0,
  loseHint: 0,
  ordered: true,
}

/** Is told what goes over the network. */
export type NetworkWatch = Readonly<{
  /** A message that no correct end sends. */
  malformed(message: string): void
  /** Every text that is handed to a device, with whom it is for. */
  delivered(identity: string, text: string): void
  /** A refusal has arrived. */
  told(message: string): void
  /** A device asked again sooner than the server had told it to. */
  impatient(message: string): void
  /** Requests as devices send them, and answers as the server gives them, whatever the network makes of either. */
  asked(request: SyncRequest): void
  answered(identity: string, request: SyncRequest, answer: SyncAnswer): void
}>

const REQUEST_TIMEOUT_MS = 20_000
/** How long a connection whose other end is gone looks alive. */
const HALF_OPEN_MS_MAX = 45_000
const REPLAY_MS_MAX = 600_000

/** Every way between devices and the server. */
export class SimNetwork {
  faults: NetworkFaults = { ...NO_NETWORK_FAULTS }
  /** Devices that reach nobody. */
  readonly partitioned = new Set<string>()
  private readonly connections = new Set<SimConnection>()
  /** Until when the server told a tab to wait. */
  private readonly notBefore = new Map<Life, { renewal: number; rest: number }>()

  constructor(
    readonly time: VirtualTime,
    readonly chance: Chance,
    readonly server: SimServer,
    readonly situations: Situations,
    readonly watch: NetworkWatch,
  ) {}

  /** The way of one tab. */
  transportOf(device: string, life: Life): Transport {
    return { connect: (token, listener) => this.connect(device, life, token, listener) }
  }

  delay(): number {
    return this.chance.next() * this.faults.delayMsMax
  }

  reaches(device: string): boolean {
    return !this.partitioned.has(device) && this.server.isUp
  }

  forget(connection: SimConnection): void {
    this.connections.delete(connection)
  }

  /** The server is gone: some ends notice at once, others wait for an answer. */
  serverWentDown(): void {
    for (const connection of [...this.connections]) connection.otherEndGone()
  }

  cutOff(device: string): void {
    this.partitioned.add(device)
    for (const connection of [...this.connections]) if (connection.device === device) connection.otherEndGone()
  }

  halfOpenMs(): number {
    return this.chance.hit(0.5) ? this.delay() : this.chance.next() * HALF_OPEN_MS_MAX
  }

  private connect(device: string, life: Life, token: string, listener: ConnectionListener): Promise<Connection> {
    if (life.isOver) return new Promise(() => {})
    this.asking(life, 'rest', 'connect')
    return new Promise((resolve, reject) => {
      const fail = (fault: ConnectionFault, delayMs: number) =>
        this.time.after(delayMs, () => life.run(() => reject(fault)))
      if (!this.reaches(device) || this.chance.hit(this.faults.lose)) {
        const silent = this.chance.hit(0.5)
        fail(
          new ConnectionFault(silent ? 'timeout' : 'unreachable', 'no way to the simulated server'),
          silent ? REQUEST_TIMEOUT_MS : this.delay(),
        )
        return
      }
      if (this.chance.hit(this.faults.foreign)) {
        fail(new ConnectionFault('not-satchel', 'a captive portal answered'), this.delay())
        return
      }
      if (this.chance.hit(this.faults.busy)) {
        const error = this.busyError()
        this.time.after(this.delay(), () =>
          life.run(() => {
            this.told(life, error, 'rest')
            reject(refusedWith(error))
          }),
        )
        return
      }
      const connection = new SimConnection(this, device, life, listener)
      this.time.after(this.delay(), () => {
        const opened = this.reaches(device) ? this.server.connect(token, connection) : null
        if (opened === null) fail(new ConnectionFault('unreachable', 'the simulated server went away'), this.delay())
        else if ('error' in opened) fail(refusedWith(opened.error), this.delay())
        else {
          this.connections.add(connection)
          connection.begin(opened.socket, this.checked(parseHello, opened.hello), () => resolve(connection))
        }
      })
    })
  }

  /** A refusal arrives at a tab: it may have to wait, with renewals of its token or with all else. */
  told(life: Life, error: WireError, what: 'renewal' | 'rest'): void {
    const until = this.notBefore.get(life) ?? { renewal: 0, rest: 0 }
    if (error.retryAfterMs !== null) until[what] = this.time.now + error.retryAfterMs
    this.notBefore.set(life, until)
    this.watch.told(`${life.name} is told ${error.code}, ${error.retryAfterMs}`)
  }

  /** The app itself begins anew at a tab, whatever the server asked for. */
  excuse(life: Life): void {
    this.notBefore.delete(life)
  }

  /** A tab asks for something. */
  asking(life: Life, what: 'renewal' | 'rest', asked = ''): void {
    const until = this.notBefore.get(life)
    if (until === undefined) return
    const earlyMs = until[what] - this.time.now
    until[what] = 0
    if (earlyMs > 1)
      this.watch.impatient(`${life.name} asked ${Math.round(earlyMs)} ms sooner than it was told to (${asked})`)
  }

  busyError(): WireError {
    this.situations.count('busy')
    const retryAfterMs = this.chance.hit(0.7) ? this.chance.from(100, 30_000) : null
    return this.chance.hit(0.5)
      ? { code: 'TooManyRequests', message: 'simulated: too many requests', retryAfterMs }
      : { code: 'ServiceUnavailable', message: 'simulated: unavailable', retryAfterMs }
  }

  /** What comes out at the other end of the wire; reports what a strict parser refuses. */
  checked<T>(parse: (sent: unknown) => Parsed<T>, message: T): T {
    const received = JSON.parse(JSON.stringify(message)) as unknown
    const parsed = parse(received)
    if (!parsed.ok) {
      this.watch.malformed(violationMessage([parsed.violation]))
      return received as T
    }
    return parsed.value
  }
}

export const refusedWith = (error: WireError): ConnectionFault => new ConnectionFault('refused', error.message, error)

type Pending = { readonly reject: (fault: ConnectionFault) => void; done: boolean }

/** One connection, both ends of it. */
export class SimConnection implements Connection {
  private socket: SimSocket | null = null
  private greeting: Hello | null = null
  private isOpen = true
  private saidClosed = false
  private lastArrivalMs = 0
  private readonly pending = new Set<Pending>()

  constructor(
    private readonly network: SimNetwork,
    readonly device: string,
    private readonly life: Life,
    private readonly listener: ConnectionListener,
  ) {}

  begin(socket: SimSocket, hello: Hello, ready: () => void): void {
    this.socket = socket
    this.greeting = hello
    this.toClient(ready)
  }

  get hello(): Hello {
    return this.greeting!
  }

  sync(request: SyncRequest): Promise<SyncAnswer> {
    const { watch } = this.network
    if (this.isOpen && !this.life.isOver) watch.asked(request)
    return this.request(request, parseSyncRequest, parseSyncAnswer, async (socket, sent) => {
      const answer = await socket.sync(sent)
      watch.answered(socket.identity, sent, answer)
      return answer
    })
  }

  watch(request: WatchRequest): Promise<WatchAnswer> {
    return this.request(request, parseWatchRequest, parseWatchAnswer, (socket, sent) => socket.watch(sent))
  }

  renew(token: string): Promise<Hello> {
    const asIs = (sent: unknown): Parsed<string> => ({ ok: true, value: sent as string })
    return this.request(token, asIs, parseHello, (socket, sent) => socket.renew(sent), 'renewal')
  }

  close(): void {
    this.saidClosed = true
    this.end(new ConnectionFault('cut', 'this end closed the connection'))
  }

  /** A hint, from the server. */
  hint(changed: Changed): void {
    const { network } = this
    if (!this.isOpen || !network.reaches(this.device)) return
    if (network.chance.hit(network.faults.loseHint)) {
      network.situations.count('hint lost')
      return
    }
    const hint = network.checked(parseChanged, changed)
    network.watch.delivered(this.socket!.identity, JSON.stringify(hint))
    this.toClient(() => this.listener.changed(hint))
  }

  /** The server ends it and says why. */
  closedByServer(error: WireError): void {
    this.toClient(() => this.end(refusedWith(error)))
  }

  otherEndGone(): void {
    this.socket?.close()
    const gone = new ConnectionFault('cut', 'the other end is gone')
    this.network.time.after(this.network.halfOpenMs(), () => this.life.run(() => this.end(gone)))
  }

  private request<Asked, Answer>(
    asked: Asked,
    parseAsked: (sent: unknown) => Parsed<Asked>,
    parseAnswer: (sent: unknown) => Parsed<Answer>,
    process: (socket: SimSocket, asked: Asked) => Promise<Answer>,
    what: 'renewal' | 'rest' = 'rest',
  ): Promise<Answer> {
    const { network, life } = this
    const { chance, faults, time, situations } = network
    if (life.isOver) return new Promise(() => {})
    if (!this.isOpen) return Promise.reject(new ConnectionFault('cut', 'the connection has ended'))
    network.asking(life, what, JSON.stringify(asked).slice(0, 60))
    return new Promise((resolve, reject) => {
      const pending: Pending = { reject, done: false }
      this.pending.add(pending)
      const settle = (work: () => void) => {
        if (pending.done) return
        pending.done = true
        this.pending.delete(pending)
        work()
      }
      time.after(REQUEST_TIMEOUT_MS, () =>
        life.run(() => settle(() => reject(new ConnectionFault('timeout', 'no answer in time')))),
      )
      const sent = network.checked(parseAsked, asked)
      const arrive = (answered: (answer: Promise<Answer>) => void) => {
        if (network.reaches(this.device) && this.socket!.isOpen) answered(process(this.socket!, sent))
      }
      const ignore = (answer: Promise<Answer>) => void answer.catch(() => {})
      const fate = chance.weighted<'lose' | 'swallow' | 'cut' | 'busy' | 'foreign' | 'arrive'>([
        [faults.lose, 'lose'],
        [faults.swallow, 'swallow'],
        [faults.cut, 'cut'],
        [faults.busy, 'busy'],
        [faults.foreign, 'foreign'],
        [1, 'arrive'],
      ])
      if (chance.hit(faults.replay)) {
        const socket = this.socket!
        time.after(chance.next() * REPLAY_MS_MAX, () => {
          if (!network.server.isUp || !socket.isOf(network.server)) return
          situations.count('request replayed')
          ignore(process(socket, sent))
        })
      }
      if (chance.hit(faults.duplicate)) this.later(() => arrive(ignore))
      switch (fate) {
        case 'lose':
          return
        case 'busy':
          this.later(() => {
            const error = network.busyError()
            this.toClient(() => {
              network.told(life, error, what)
              settle(() => reject(refusedWith(error)))
            })
          })
          return
        case 'foreign':
          this.later(() =>
            this.toClient(() => settle(() => reject(new ConnectionFault('not-satchel', 'a captive portal answered')))),
          )
          return
        case 'swallow':
          this.later(() => {
            situations.count('answer lost')
            arrive(ignore)
          })
          return
        case 'cut':
          this.later(() => {
            if (chance.hit(0.5)) {
              situations.count('answer lost')
              arrive(ignore)
            }
            this.socket!.close()
            this.toClient(() => this.end(new ConnectionFault('cut', 'the connection was cut')))
          })
          return
        case 'arrive':
          this.later(() =>
            arrive((answer) => {
              answer.then(
                (given) => {
                  const received = network.checked(parseAnswer, given)
                  network.watch.delivered(this.socket!.identity, JSON.stringify(received))
                  this.toClient(() => settle(() => resolve(received)))
                },
                (fault: unknown) => {
                  const error = network.server.wireErrorOf(fault)
                  if (error !== null) this.toClient(() => settle(() => reject(refusedWith(error))))
                },
              )
            }),
          )
      }
    })
  }

  private later(work: () => void): void {
    this.network.time.after(this.network.delay(), work)
  }

  private toClient(work: () => void): void {
    const { time, faults } = this.network
    let at = time.now + this.network.delay()
    if (faults.ordered) at = this.lastArrivalMs = Math.max(at, this.lastArrivalMs)
    time.after(at - time.now, () => {
      if (this.isOpen && this.network.reaches(this.device)) this.life.run(work)
    })
  }

  private end(fault: ConnectionFault): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.network.forget(this)
    this.socket?.close()
    for (const pending of [...this.pending]) {
      this.pending.delete(pending)
      pending.done = true
      pending.reject(fault)
    }
    if (!this.saidClosed) {
      this.saidClosed = true
      this.listener.closed(fault)
    }
  }
}
