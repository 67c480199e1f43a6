import { connect, createServer, type Server, type Socket } from 'node:net'
import { exchange } from '../http-exchange.js'

/** How often each node is asked whether it is well, and how long it may take to say so. */
const LOOK_EVERY_MS = 100
const ANSWER_MS_MAX = 500

/** Bytes after which a connection is torn, towards the client or towards the node. */
export type Tear = Readonly<{ afterBytes: number }>

type Node = { readonly url: string; well: boolean; readonly links: Set<Link> }
type Link = Readonly<{ client: Socket; server: Socket }>

/**
 * A load balancer as sites have them, small: takes connections in turn to whichever node says that it is ready, and knows nothing of
 * what they carry. A node that does not answer gets no new connections, and those it has are ended.
 */
export class Balancer {
  /** Asked for each new connection; null leaves it whole. */
  tear: () => Tear | null = () => null
  /** Connections torn so far. */
  torn = 0
  private nodes: Node[] = []
  private turn = 0
  private readonly looking = new AbortController()

  private constructor(private readonly server: Server) {
    server.on('connection', (client) => this.carry(client))
  }

  static async start(): Promise<Balancer> {
    const server = createServer({ noDelay: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Balancer(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`
  }

  /** From now on these are its nodes; connections to others are ended. */
  lead(urls: readonly string[]): void {
    for (const node of this.nodes) if (!urls.includes(node.url)) this.drop(node)
    const kept = this.nodes.filter(({ url }) => urls.includes(url))
    const fresh = urls.filter((url) => !kept.some((node) => node.url === url))
    const added = fresh.map((url): Node => ({ url, well: true, links: new Set() }))
    this.nodes = [...kept, ...added]
    for (const node of added) void this.watch(node)
  }

  /** Connections that a node has now. */
  linksOf(url: string): number {
    return this.nodes.find((node) => node.url === url)?.links.size ?? 0
  }

  /** Ends every connection without a farewell. */
  cut(): void {
    for (const node of this.nodes) this.drop(node)
  }

  async close(): Promise<void> {
    this.looking.abort()
    this.cut()
    await new Promise((resolve) => this.server.close(resolve))
  }

  private async watch(node: Node): Promise<void> {
    while (!this.looking.signal.aborted && this.nodes.includes(node)) {
      node.well = await isReady(node.url)
      if (!node.well) this.drop(node)
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
  }

  private drop(node: Node): void {
    for (const { client, server } of node.links) {
      client.resetAndDestroy()
      server.destroy()
    }
  }

  /** Tries each node that is well, in turn, until one takes the connection. */
  private carry(client: Socket, tried = new Set<Node>()): void {
    client.on('error', () => {})
    const node = this.next(tried)
    if (node === null || client.destroyed) return void client.resetAndDestroy()
    const { hostname: host, port } = new URL(node.url)
    const server = connect({ host, port: Number(port), noDelay: true })
    const again = () => this.carry(client, tried.add(node))
    server.once('error', again)
    server.once('connect', () => {
      server.off('error', again)
      this.join(node, { client, server })
    })
  }

  private next(tried: ReadonlySet<Node>): Node | null {
    for (let step = 0; step < this.nodes.length; step++) {
      const node = this.nodes[this.turn++ % this.nodes.length]!
      if (node.well && !tried.has(node)) return node
    }
    return null
  }

  private join(node: Node, link: Link): void {
    const { client, server } = link
    node.links.add(link)
    const left = { bytes: this.tear()?.afterBytes ?? Infinity }
    const over = (): void => {
      node.links.delete(link)
      client.destroy()
      server.destroy()
    }
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('error', () => {})
      from.on('close', over)
      from.on('data', (bytes) => {
        left.bytes -= bytes.length
        if (left.bytes > 0) return to.write(bytes)
        // What came before the tear still arrives, so that it falls within a message.
        this.torn++
        to.write(bytes.subarray(0, bytes.length + left.bytes), () => {
          client.resetAndDestroy()
          server.resetAndDestroy()
        })
        from.removeAllListeners('data')
        return false
      })
    }
  }
}

async function isReady(url: string): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), ANSWER_MS_MAX)))
  const asked = exchange(url, { target: '/health/ready' }).then(
    ({ status }) => status === 200,
    () => false,
  )
  return Promise.race([asked, late]).finally(() => clearTimeout(timer))
}
