import {
  parseChanged,
  parseHello,
  parseSyncAnswer,
  parseSyncRequest,
  parseWatchAnswer,
  parseWatchRequest,
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
} from '../../../libs/client/src/transport/transport.js'
import type { Life } from './life.js'
import type { Errand } from './patience.js'
import type { SimNetwork } from './sim-network.js'
import type { SimSocket } from './sim-socket.js'

/** How long a device waits for an answer, and for a connection. */
export const REQUEST_TIMEOUT_MS = 20_000
const REPLAY_MS_MAX = 600_000

export const refusedWith = (error: WireError): ConnectionFault => new ConnectionFault('refused', error.message, error)

type Fate = 'lose' | 'swallow' | 'cut' | 'busy' | 'foreign' | 'arrive'

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
    what: Errand = 'rest',
  ): Promise<Answer> {
    const { network, life } = this
    const { chance, faults, time, situations } = network
    if (life.isOver) return new Promise(() => {})
    if (!this.isOpen) return Promise.reject(new ConnectionFault('cut', 'the connection has ended'))
    network.patience.asking(life, what, JSON.stringify(asked).slice(0, 60))
    return new Promise((resolve, reject) => {
      const settle = this.expectAnswer(reject)
      const refuse = (fault: ConnectionFault) => settle(() => reject(fault))
      time.after(REQUEST_TIMEOUT_MS, () => life.run(() => refuse(new ConnectionFault('timeout', 'no answer in time'))))
      const sent = network.checked(parseAsked, asked)
      const socket = this.socket!
      const arrive = () => (network.reaches(this.device) && socket.isOpen ? process(socket, sent) : null)
      const arriveUnheard = () => void arrive()?.catch(() => {})
      const fate = this.drawFate()
      if (chance.hit(faults.replay)) this.replay(socket, () => process(socket, sent))
      if (chance.hit(faults.duplicate)) this.later(arriveUnheard)
      if (fate === 'lose') return
      this.later(() => {
        switch (fate) {
          case 'busy': {
            const error = network.busyError()
            this.toClient(() => {
              network.patience.told(life, error, what)
              refuse(refusedWith(error))
            })
            return
          }
          case 'foreign':
            this.toClient(() => refuse(new ConnectionFault('not-satchel', 'a captive portal answered')))
            return
          case 'swallow':
            situations.count('answer lost')
            arriveUnheard()
            return
          case 'cut':
            if (chance.hit(0.5)) {
              situations.count('answer lost')
              arriveUnheard()
            }
            socket.close()
            this.toClient(() => this.end(new ConnectionFault('cut', 'the connection was cut')))
            return
          case 'arrive':
            arrive()?.then(
              (given) => {
                const received = network.checked(parseAnswer, given)
                network.watch.delivered(socket.identity, JSON.stringify(received))
                this.toClient(() => settle(() => resolve(received)))
              },
              (fault: unknown) => {
                const error = network.server.wireErrorOf(fault)
                if (error !== null) this.toClient(() => refuse(refusedWith(error)))
              },
            )
        }
      })
    })
  }

  /** A request waits; what comes back does its work at the first call, and nothing later. */
  private expectAnswer(reject: Pending['reject']): (work: () => void) => void {
    const pending: Pending = { reject, done: false }
    this.pending.add(pending)
    return (work) => {
      if (pending.done) return
      pending.done = true
      this.pending.delete(pending)
      work()
    }
  }

  /** What the network makes of a request. */
  private drawFate(): Fate {
    const { chance, faults } = this.network
    return chance.weighted<Fate>([
      [faults.lose, 'lose'],
      [faults.swallow, 'swallow'],
      [faults.cut, 'cut'],
      [faults.busy, 'busy'],
      [faults.foreign, 'foreign'],
      [1, 'arrive'],
    ])
  }

  /** A copy arrives much later, if the same process still runs then. */
  private replay(socket: SimSocket, process: () => Promise<unknown>): void {
    const { network } = this
    network.time.after(network.chance.next() * REPLAY_MS_MAX, () => {
      if (!network.server.isUp || !socket.isOf(network.server)) return
      network.situations.count('request replayed')
      process().catch(() => {})
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
