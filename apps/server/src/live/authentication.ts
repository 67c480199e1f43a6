import { parseConnectRequest, PROTOCOL_VERSION, type WireError } from '@satchel/protocol'
import type { Socket as WireSocket } from 'node:net'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'socket.io'
import type { Bearer, BearerVerifier } from '../access/bearer.js'
import { refuse } from '../refusal.js'
import type { Clock } from '../runtime/clock.js'
import type { LiveObserver } from './live-observer.js'
import { LiveSocket } from './live-socket.js'
import type { LiveSockets } from './live-sockets.js'
import { accepted, DEFECT, STOPPING, wireErrorOf } from './wire-errors.js'

type Next = (refused?: Error & { data?: WireError }) => void

/** The live socket behind one of socket.io's; there from the moment that it is connected. */
export const liveSocketOf = (socket: Socket): LiveSocket => (socket.data as { live: LiveSocket }).live

/**
 * Lets sockets in: a version of the protocol that both ends speak, and an OpenID token that stands (NB5, NB6). Guards
 * do not run as a socket connects, so this is socket.io's own middleware.
 */
export class Authentication {
  private readonly asked = new WeakSet<object>()
  private lastNumber = 0

  constructor(
    private readonly deps: Readonly<{
      bearers: BearerVerifier
      sockets: LiveSockets
      observer: LiveObserver
      clock: Clock
    }>,
  ) {}

  admit(socket: Socket, next: Next): void {
    const { conn } = socket
    // Nobody connects twice on one connection; without this a single one could have thousands of tokens verified.
    const again = this.asked.has(conn)
    this.asked.add(conn)
    const judged = again ? Promise.reject(new Error('a second connect on one connection')) : this.judge(socket)
    judged
      .then(
        (bearer) => {
          const wire = forgetRequest(socket)
          const live = new LiveSocket(++this.lastNumber, socket, bearer, wire)
          ;(socket.data as { live?: LiveSocket }).live = live
          next()
        },
        (thrown: unknown) => {
          const error = again ? AGAIN : this.errorOf(thrown)
          this.deps.observer.refused(error.code)
          next(Object.assign(new Error(error.message), { data: error }))
          // Else the connection would stay, with nothing on it, for as long as its client likes.
          this.deps.clock.soon(() => conn.close())
        },
      )
      .catch((cause: unknown) => {
        this.deps.observer.defect(cause)
        conn.close(true)
      })
  }

  private async judge({ handshake }: Socket): Promise<Bearer> {
    if (this.deps.sockets.isDraining) refuse('ServiceUnavailable', STOPPING.message, { retryAfterSeconds: 1 })
    const { protocols, token } = accepted(parseConnectRequest(handshake.auth))
    if (!protocols.includes(PROTOCOL_VERSION)) {
      refuse('InvalidParameter', `this server speaks version ${PROTOCOL_VERSION} of the protocol, the client does not`)
    }
    return this.deps.bearers.admit(token)
  }

  private errorOf(thrown: unknown): WireError {
    const error = wireErrorOf(thrown)
    if (error === null) this.deps.observer.defect(thrown)
    return error ?? DEFECT
  }
}

const AGAIN: WireError = { code: 'InvalidParameter', message: 'a connection connects once', retryAfterMs: null }

/** The request and the token are of no use once they are judged, and would be kept as long as the socket. */
function forgetRequest(socket: Socket): WireSocket {
  const connection = socket.conn as unknown as { request: IncomingMessage | null }
  const wire = connection.request!.socket
  connection.request = null
  Object.assign(socket.handshake, { auth: {}, headers: {}, query: {} })
  return wire
}
