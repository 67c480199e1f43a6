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
  private readonly sockets = new Set<Socket>()
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

  /** Where new connections lead from now on. */
  lead(target: string): void {
    this.target = addressOf(target)
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
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        this.sockets.delete(one)
        other.destroy()
      })
    }
    client.on('data', (bytes) => server.write(bytes))
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
