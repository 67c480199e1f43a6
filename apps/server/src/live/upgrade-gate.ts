import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { SOCKET_PATH, type ErrorCode } from '@satchel/protocol'
import type { TrustedProxies } from '../access/trusted-proxies.js'
import { serveAsItIs } from '../aws/http/serve-as-it-is.js'
import { liveErrorAnswer, type Refused } from '../aws/http/error-answer.js'
import type { OriginRule } from '../aws/http/origin-rule.js'
import { AddressBudget, networkOf } from '../identity/address-budget.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import type { LiveObserver } from './live-observer.js'
import type { LiveSockets } from './live-sockets.js'
import { STOPPING } from './wire-errors.js'

export type GateOptions = Readonly<{
  origins: OriginRule
  proxies: TrustedProxies
  /** Open ones. */
  socketsPerAddressMax: number
  socketsMax: number
  sockets: LiveSockets
  observer: LiveObserver
  clock: Clock
  random: Random
}>

/** New sockets of one address per second, in the long run. */
const ATTEMPTS_PER_SECOND = 100

/** What a reconnecting office may save up. */
const ATTEMPTS_BURST_MIN = 1_000

/**
 * Stands before socket.io: of the requests that ask to become something else it lets through those for our path, from
 * pages that may talk to us, from addresses of clients that have not too many sockets already (NB7, O27).
 */
export class UpgradeGate {
  private readonly openByAddress = new Map<string, number>()
  private readonly attempts: AddressBudget
  private open = 0

  constructor(private readonly options: GateOptions) {
    const burst = Math.max(ATTEMPTS_BURST_MIN, options.socketsPerAddressMax)
    this.attempts = new AddressBudget(options.clock, { perSecond: ATTEMPTS_PER_SECOND, burst })
  }

  /** Guards a listening server; what may pass goes to `carrier`, on which socket.io listens. */
  stand(server: Server, carrier: Server): void {
    server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
      const socket = stream as Socket
      if (!isWebSocket(request)) return serveAsItIs(server, request, socket, head)
      const address = networkOf(this.options.proxies.addressOf(request))
      const refused = this.judge(request, address)
      if (refused !== null) return this.refuse(socket, refused)
      this.count(socket, address)
      carrier.emit('upgrade', request, socket, head)
    })
  }

  private judge({ headers, url = '' }: IncomingMessage, address: string): Refused | null {
    if (!url.startsWith(`${SOCKET_PATH}/?`)) {
      return { code: 'UnknownOperation', message: `only WebSockets at ${SOCKET_PATH}/ can be opened here` }
    }
    const { origin, host = '' } = headers
    const { origins, sockets, socketsMax, socketsPerAddressMax } = this.options
    if (origin !== undefined && (!origins.acceptsHost(host) || origins.answerTo(origin) === null)) {
      return { code: 'NotAuthorized', message: 'pages of this origin may not talk to this server' }
    }
    if (sockets.isDraining) return { ...STOPPING, retryAfterSeconds: 1 }
    const retryAfterSeconds = this.attempts.take(address)
    if (retryAfterSeconds > 0) return tooMany('sockets are opened too often from this address', retryAfterSeconds)
    if ((this.openByAddress.get(address) ?? 0) >= socketsPerAddressMax) {
      return tooMany(`this address has ${socketsPerAddressMax} sockets open already`, 10)
    }
    return this.open >= socketsMax ? tooMany('all sockets of this server are taken', 10) : null
  }

  private count(socket: Socket, address: string): void {
    this.open++
    this.openByAddress.set(address, (this.openByAddress.get(address) ?? 0) + 1)
    socket.once('close', () => {
      this.open--
      const left = (this.openByAddress.get(address) ?? 1) - 1
      if (left === 0) this.openByAddress.delete(address)
      else this.openByAddress.set(address, left)
    })
  }

  private refuse(socket: Socket, refused: Refused): void {
    this.options.observer.refused(refused.code)
    const { status, headers, body } = liveErrorAnswer(refused, this.options.random.uuid())
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.on('error', () => socket.destroy())
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      () => socket.destroy(),
    )
  }
}

const isWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket'

const tooMany = (message: string, retryAfterSeconds: number): Refused & { code: ErrorCode } => ({
  code: 'TooManyRequests',
  message,
  retryAfterSeconds,
})
