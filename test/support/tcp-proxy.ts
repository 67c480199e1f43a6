import { connect, createServer, type Server, type Socket } from 'node:net'

/** Nothing goes wrong; whoever connects is hung up on; answers are taken from the server and never handed on. */
export type Weather = 'fair' | 'refusing' | 'swallowing'

/**
 * The network between clients and a server, to be broken at will. Its own address stays, whatever server stands behind it.
 */
export class TcpProxy {
  weather: Weather = 'fair'
  /** Bytes that the server sent and that were not handed on. */
  swallowed = 0
  /** Bytes that clients sent and that are held back now. */
  held = 0
  private readonly sockets = new Set<Socket>()
  /** Begins to hold back what a client sends; what it answers lets go of it. By connection. */
  private readonly holds = new Set<() => () => void>()
  private releases: (() => void)[] = []
  private target: Readonly<{ host: string; port: number }>

  private constructor(
    private readonly server: Server,
    target: string,
  ) {
    this.target = addressOf(target)
    server.on('connection', (socket) => this.carry(socket))
  }

  static async start(target: string): Promise<TcpProxy> {
    const server = createServer({ noDelay: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new TcpProxy(server, target)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  /** Where new connections lead from now on. */
  lead(target: string): void {
    this.target = addressOf(target)
  }

  /** From now on nothing that clients send on the connections there are is handed on; new connections are not touched. */
  hold(): void {
    this.releases.push(...[...this.holds].map((hold) => hold()))
  }

  /** Hands on what was held back, though its sender may have hung up long ago. */
  release(): void {
    for (const release of this.releases.splice(0)) release()
  }

  /** Ends every connection without a farewell; answers how many there were. */
  cut(): number {
    const { size } = this.sockets
    for (const socket of this.sockets) socket.resetAndDestroy()
    return size
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.server.close(resolve))
  }

  private carry(client: Socket): void {
    if (this.weather === 'refusing') return void client.resetAndDestroy()
    const server = connect({ ...this.target, noDelay: true })
    const kept: Buffer[] = []
    let holding = false
    const hold = () => {
      holding = true
      return () => {
        holding = false
        for (const bytes of kept) server.write(bytes)
        this.held -= kept.splice(0).reduce((sum, { length }) => sum + length, 0)
        if (client.destroyed) server.end()
      }
    }
    this.holds.add(hold)
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        this.sockets.delete(one)
        this.holds.delete(hold)
        if (one === server || !holding) other.destroy()
      })
    }
    client.on('data', (bytes) => {
      if (!holding) return server.write(bytes)
      kept.push(bytes)
      this.held += bytes.length
    })
    server.on('data', (bytes) => {
      if (this.weather === 'swallowing') this.swallowed += bytes.length
      else client.write(bytes)
    })
  }
}

function addressOf(url: string): Readonly<{ host: string; port: number }> {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}
