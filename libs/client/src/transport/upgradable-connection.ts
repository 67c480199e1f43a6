import type { Hello, SyncAnswer, SyncRequest, WatchAnswer, WatchRequest } from '@satchel/protocol'
import type { SocketTries } from './socket-tries.js'
import type { Connection, ConnectionFault, ConnectionListener, Transport } from './transport.js'

/**
 * A connection over HTTP that goes on over a socket as soon as one comes about. Nobody notices: the socket is told what is watched
 * before it takes over, and what was asked over HTTP is answered there.
 */
export class UpgradableConnection implements Connection {
  #http!: Connection
  /** Whichever carries what is asked from now on. */
  #over!: Connection
  #watched: WatchRequest | null = null
  #closed = false
  #cancel = (): void => {}

  constructor(
    private token: string,
    private readonly listener: ConnectionListener,
    private readonly sockets: SocketTries,
  ) {}

  async open(http: Transport): Promise<this> {
    this.#over = this.#http = await http.connect(this.token, {
      ...this.listener,
      closed: (why) => this.#ended(why),
    })
    this.#seekLater()
    return this
  }

  get hello(): Hello {
    return this.#over.hello
  }

  sync(request: SyncRequest): Promise<SyncAnswer> {
    return this.#over.sync(request)
  }

  watch(request: WatchRequest): Promise<WatchAnswer> {
    return this.#over.watch((this.#watched = request))
  }

  async renew(token: string): Promise<Hello> {
    const hello = await this.#over.renew(token)
    this.token = token
    return hello
  }

  close(): void {
    this.#closed = true
    this.#cancel()
    this.#http.close()
    this.#over.close()
  }

  #seekLater(): void {
    this.#cancel = this.sockets.afterRest(() => void this.#seek())
  }

  async #seek(): Promise<void> {
    let socket: Connection | undefined
    try {
      socket = await this.sockets.connect(this.token, {
        ...this.listener,
        closed: (why) => {
          // Before it has taken over, HTTP goes on.
          if (this.#over === socket) this.#ended(why)
        },
      })
      // Watched first, and again where that changes meanwhile: no hint may fall between the two.
      let told: WatchRequest | null = null
      while (this.#watched !== null && this.#watched !== told) {
        told = this.#watched
        for (const hint of (await socket.watch(told)).changed) this.listener.changed(hint)
      }
      if (this.#closed) return socket.close()
      this.#over = socket
      this.#http.retire?.()
    } catch (fault) {
      socket?.close()
      if (this.#closed) return
      this.sockets.failed(fault as ConnectionFault)
      this.#seekLater()
    }
  }

  #ended(why: ConnectionFault): void {
    this.close()
    this.listener.closed(why)
  }
}
