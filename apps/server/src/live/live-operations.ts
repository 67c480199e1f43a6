import {
  parseRenewRequest,
  parseSyncRequest,
  parseWatchRequest,
  PROTOCOL_VERSION,
  type Hello,
  type Limits,
  type SyncAnswer,
  type WatchAnswer,
} from '@satchel/protocol'
import type { Bearer, BearerVerifier } from '../access/bearer.js'
import type { Exchange } from '../datasets/exchange.js'
import { refuse } from '../refusal.js'
import type { Clock } from '../runtime/clock.js'
import type { LiveSocket } from './live-socket.js'
import type { LiveSockets } from './live-sockets.js'
import { accepted } from './wire-errors.js'

/** What the messages of the native face do, on a socket and, where it is the same, over HTTP. Refusals are thrown. */
export class LiveOperations {
  constructor(
    private readonly deps: Readonly<{
      exchange: Pick<Exchange, 'sync' | 'behind'>
      sockets: LiveSockets
      bearers: BearerVerifier
      limits: Limits
      clock: Clock
    }>,
  ) {}

  hello({ pool, identity, expiresAt }: Bearer): Hello {
    const { limits, clock } = this.deps
    return { protocol: PROTOCOL_VERSION, pool, identity, expiresAt, serverTime: clock.now(), limits }
  }

  sync(bearer: Bearer, sent: unknown): Promise<SyncAnswer> {
    return this.deps.exchange.sync(bearer, accepted(parseSyncRequest(sent)))
  }

  syncOn(socket: LiveSocket, sent: unknown): Promise<SyncAnswer> {
    const request = accepted(parseSyncRequest(sent))
    return socket.during(request, () => this.deps.exchange.sync(socket.bearer, request))
  }

  /** Listens first and looks then, so that no commit falls between the two (NB11). */
  async watchOn(socket: LiveSocket, sent: unknown): Promise<WatchAnswer> {
    const request = accepted(parseWatchRequest(sent))
    socket.watch(request.datasets)
    await this.deps.sockets.listen(socket)
    return { changed: await this.deps.exchange.behind(socket.bearer, request) }
  }

  /** Takes another token of the same identity only, so that nothing of one identity ever reaches another (NB12). */
  async renewOn(socket: LiveSocket, sent: unknown): Promise<Hello> {
    const { token } = accepted(parseRenewRequest(sent))
    const bearer = await this.deps.bearers.admit(token)
    const { pool, identity } = socket.bearer
    if (bearer.identity !== identity || bearer.pool !== pool)
      refuse('NotAuthorized', 'the token is of another identity')
    socket.bearer = bearer
    return this.hello(bearer)
  }
}
