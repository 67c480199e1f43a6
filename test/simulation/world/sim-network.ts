import {
  parseHello,
  violationMessage,
  type Parsed,
  type SyncAnswer,
  type SyncRequest,
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
import { NO_NETWORK_FAULTS, type NetworkFaults } from './network-faults.js'
import { Patience } from './patience.js'
import { refusedWith, REQUEST_TIMEOUT_MS, SimConnection } from './sim-connection.js'
import type { SimServer } from './sim-server.js'
import type { Situations } from './situations.js'
import type { VirtualTime } from './virtual-time.js'

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

/** How long a connection whose other end is gone looks alive. */
const HALF_OPEN_MS_MAX = 45_000

/** Every way between devices and the server. */
export class SimNetwork {
  faults: NetworkFaults = { ...NO_NETWORK_FAULTS }
  /** Devices that reach nobody. */
  readonly partitioned = new Set<string>()
  private readonly connections = new Set<SimConnection>()
  readonly patience: Patience

  constructor(
    readonly time: VirtualTime,
    readonly chance: Chance,
    readonly server: SimServer,
    readonly situations: Situations,
    readonly watch: NetworkWatch,
  ) {
    this.patience = new Patience(time, watch)
  }

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
    this.patience.asking(life, 'rest', 'connect')
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
            this.patience.told(life, error, 'rest')
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
