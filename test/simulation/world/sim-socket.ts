import type {
  Changed,
  DatasetName,
  Hello,
  IdentityId,
  SyncAnswer,
  SyncRequest,
  WatchAnswer,
  WatchRequest,
  WireError,
} from '@satchel/protocol'
import { Refusal } from '../../../apps/server/src/refusal.js'
import { POOL } from './pool.js'
import type { SimServer } from './sim-server.js'

/** The ends of a connection that the server holds. */
export interface SocketListener {
  hint(changed: Changed): void
  closedByServer(error: WireError): void
}

/** What a token that is over is answered with. */
export const expired: WireError = {
  code: 'ExpiredToken',
  message: 'simulated: the token has ended',
  retryAfterMs: null,
}

/** The server's end of a connection. */
export class SimSocket {
  isOpen = true
  private readonly watched = new Set<DatasetName>()
  private readonly unwatch: () => void
  private cancelExpiry = () => {}

  constructor(
    private readonly server: SimServer,
    readonly identity: IdentityId,
    private readonly listener: SocketListener,
    private readonly services = server.services,
  ) {
    this.unwatch = services.feed.watch(identity, ({ identity: whose, changed }) => {
      if (this.isOpen && whose === identity && this.watched.has(changed.dataset)) this.listener.hint(changed)
    })
  }

  isOf(server: SimServer): boolean {
    return server.isUp && server.services === this.services
  }

  lives(expiresAt: number): void {
    this.cancelExpiry()
    const { clock } = this.server
    this.cancelExpiry = clock.after(expiresAt - clock.now(), () => {
      if (!this.isOpen) return
      this.listener.closedByServer(expired)
      this.close()
    })
  }

  sync(request: SyncRequest): Promise<SyncAnswer> {
    return this.services.exchange.sync({ pool: POOL, identity: this.identity }, request)
  }

  async watch(request: WatchRequest): Promise<WatchAnswer> {
    this.watched.clear()
    for (const { dataset } of request.datasets) this.watched.add(dataset)
    return { changed: await this.services.exchange.behind({ pool: POOL, identity: this.identity }, request) }
  }

  renew(token: string): Promise<Hello> {
    const [identity, ends] = token.split('|')
    const expiresAt = Number(ends)
    if (identity !== this.identity || expiresAt <= this.server.clock.now()) {
      return Promise.reject(new Refusal('ExpiredToken', 'simulated: the new token does not do'))
    }
    this.lives(expiresAt)
    return Promise.resolve(this.server.helloFor(this.identity, expiresAt))
  }

  close(): void {
    this.isOpen = false
    this.cancelExpiry()
    this.unwatch()
    this.server.forget(this)
  }
}
