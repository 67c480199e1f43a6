import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type { Clock } from './runtime/clock.js'

/** How long running requests may take to end before their connections are cut. */
const DRAIN_MS_MAX = 7_000

/** How often connections that have become idle meanwhile are looked for. */
const LOOK_EVERY_MS = 50

/** Ends the serving of an application without cutting off what is running (F18). Make it before the application listens. */
export class Drain {
  private readonly server: Server
  private readonly sockets = new Set<Socket>()

  constructor(
    private readonly app: NestFastifyApplication,
    private readonly clock: Clock,
  ) {
    this.server = app.getHttpServer()
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket)
      socket.once('close', () => this.sockets.delete(socket))
    })
  }

  /** Takes no new connection, lets every running request be answered within the time, and resolves when no connection is left. */
  async run(withinMs: number): Promise<void> {
    let closed = false
    const look = (spentMs: number) => {
      if (closed) return
      if (spentMs >= Math.min(DRAIN_MS_MAX, withinMs)) this.cutAll()
      else this.closeIdle()
      this.clock.after(LOOK_EVERY_MS, () => look(spentMs + LOOK_EVERY_MS))
    }
    const closing = this.app.close().finally(() => (closed = true))
    look(0)
    await closing
  }

  /** Node does not count what was upgraded to a WebSocket among its connections. */
  private cutAll(): void {
    this.server.closeAllConnections()
    for (const socket of this.sockets) socket.destroy()
  }

  private closeIdle(): void {
    this.server.closeIdleConnections()
    // Node does not count a connection as idle on which nothing has ever come.
    for (const socket of this.sockets) if (socket.bytesRead === 0) socket.destroy()
  }
}
