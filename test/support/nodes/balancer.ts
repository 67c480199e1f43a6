import { get } from 'node:http'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** How often each node is asked whether it is well, and how long it may take to say so. */
const LOOK_EVERY_MS = 200
const ANSWER_MS_MAX = 1_000
/** So many looks without any answer, and a node is taken for gone. */
const MISSED_MAX = 2

/** Where a connection is torn: after so many bytes towards the one or the other. */
export type Tear = Readonly<{ towards: 'client' | 'node'; afterBytes: number }>

type Node = { readonly url: string; well: boolean; missed: number; readonly links: Set<Link> }
type Link = Readonly<{ client: Socket; server: Socket }>

/**
 * A load balancer as sites have them, small: takes connections in turn to whichever node says that it is ready, and knows nothing of
 * what they carry. A node that says it is not ready gets no new connections as long as another one is; one that answers nothing loses
 * those it has, too. Where no node is well all are taken for well, so that whoever asks is answered by a node.
 */
export class Balancer {
  /** Asked for each new connection; null leaves it whole. */
  tear: () => Tear | null = () => null
  /** Connections that were carried to a node so far, and those of them that were torn. */
  carried = 0
  torn = 0
  private nodes: Node[] = []
  private turn = 0
  private readonly looking = new AbortController()

  private constructor(private readonly server: Server) {
    server.on('connection', (client) => {
      client.on('error', () => {}) // told by its end
      this.carry(client)
    })
  }

  static async start(): Promise<Balancer> {
    const server = createServer({ noDelay: true, allowHalfOpen: true })
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
    const added = fresh.map((url): Node => ({ url, well: true, missed: 0, links: new Set() }))
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
      const status = await statusOf(node.url)
      node.well = status === 200
      node.missed = status === null ? node.missed + 1 : 0
      if (node.missed >= MISSED_MAX) this.drop(node)
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
  }

  private drop(node: Node): void {
    for (const link of node.links) end(link)
  }

  /** Tries one node after the other until one takes the connection. */
  private carry(client: Socket, tried: ReadonlySet<Node> = new Set()): void {
    const node = this.next(tried)
    if (node === null || client.destroyed) return void client.resetAndDestroy()
    const { hostname: host, port } = new URL(node.url)
    const server = connect({ host, port: Number(port), noDelay: true, allowHalfOpen: true })
    const again = () => this.carry(client, new Set([...tried, node]))
    server.once('error', again)
    server.once('connect', () => {
      server.off('error', again)
      server.on('error', () => {}) // told by its end
      if (client.destroyed) server.resetAndDestroy()
      else this.join(node, { client, server })
    })
  }

  private next(tried: ReadonlySet<Node>): Node | null {
    const left = this.nodes.filter((node) => !tried.has(node))
    const well = left.filter((node) => node.well)
    const choice = well.length > 0 ? well : left
    return choice[this.turn++ % choice.length] ?? null
  }

  private join(node: Node, link: Link): void {
    const { client, server } = link
    this.carried++
    node.links.add(link)
    const tear = this.tear()
    for (const [from, to, towards] of [
      [client, server, 'node'],
      [server, client, 'client'],
    ] as const) {
      let left = tear?.towards === towards ? tear.afterBytes : Infinity
      from.on('data', (bytes) => {
        const carried = bytes.subarray(0, left)
        left -= carried.length
        if (left === 0) {
          this.torn++
          from.removeAllListeners('data').pause()
          // What came before the tear still arrives, so that it falls within a message.
          to.write(carried, () => end(link))
        } else if (!to.write(carried)) {
          from.pause()
          to.once('drain', () => from.resume())
        }
      })
      from.on('end', () => to.end())
      from.on('close', (failed) => {
        if (failed) end(link)
        else to.end()
        if (client.destroyed && server.destroyed) node.links.delete(link)
      })
    }
  }
}

function end({ client, server }: Link): void {
  client.resetAndDestroy()
  server.resetAndDestroy()
}

/** What it answers when it is asked whether it is ready; null for nothing in time. */
const statusOf = (url: string): Promise<number | null> =>
  new Promise((resolve) => {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX)
    const asked = get(`${url}/health/ready`, { agent: false, signal }, (answer) => {
      resolve(answer.statusCode ?? null)
      answer.destroy()
    })
    asked.on('error', () => resolve(null))
  })
