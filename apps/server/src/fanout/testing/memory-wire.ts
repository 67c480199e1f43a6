import { WireFault, type Wire, type WireConnection, type WireListener } from '../wire.js'

/** What all nodes of a test's site are connected to, in place of a Redis. */
export class MemoryExchange {
  /** While it is away nobody gets a connection. */
  private isAway = false
  private isStopped = false
  private readonly connections = new Set<MemoryConnection>()
  private held: (() => void)[] = []

  /** Everything that was published, opened by nobody. */
  readonly published: Readonly<{ channel: string; sealed: Buffer }>[] = []

  /** How a node is connected to it. */
  wire(): Wire {
    return {
      open: (listener) => {
        if (this.isAway) return Promise.reject(new WireFault('unreachable', 'nobody answers'))
        const connection = new MemoryConnection(this, listener)
        this.connections.add(connection)
        return this.answered(() => connection)
      },
    }
  }

  /** Ends every connection, and has no other until `back`. */
  go(): void {
    this.isAway = true
    this.cut()
  }

  back(): void {
    this.isAway = false
  }

  /** Ends every connection; new ones are to be had. */
  cut(): void {
    for (const connection of [...this.connections])
      connection.end(new WireFault('unreachable', 'the connection was cut'))
  }

  /** Answers nothing, and carries nothing, until `resume`. */
  pause(): void {
    this.isStopped = true
  }

  resume(): void {
    this.isStopped = false
    for (const goOn of this.held.splice(0)) goOn()
  }

  /** Channels that somebody is subscribed to. */
  get channels(): ReadonlySet<string> {
    return new Set([...this.connections].flatMap(({ channels }) => [...channels]))
  }

  /** As anybody who can reach it. */
  publish(channel: string, sealed: Buffer): void {
    this.published.push({ channel, sealed })
    for (const connection of this.connections) connection.hear(channel, sealed)
  }

  /** As a network answers: later, unless it stands still. */
  async answered<T>(work: () => T): Promise<T> {
    if (this.isStopped) await new Promise<void>((resolve) => this.held.push(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    return work()
  }

  forget(connection: MemoryConnection): void {
    this.connections.delete(connection)
  }
}

class MemoryConnection implements WireConnection {
  readonly channels = new Set<string>()
  private over: WireFault | null = null
  private readonly waiting = new Set<(fault: WireFault) => void>()

  constructor(
    private readonly exchange: MemoryExchange,
    private readonly listener: WireListener,
  ) {}

  publish(channel: string, sealed: Buffer): Promise<void> {
    return this.answered(() => this.exchange.publish(channel, sealed))
  }

  subscribe(channels: readonly string[]): Promise<void> {
    return this.answered(() => channels.forEach((channel) => this.channels.add(channel)))
  }

  unsubscribe(channels: readonly string[]): Promise<void> {
    return this.answered(() => channels.forEach((channel) => this.channels.delete(channel)))
  }

  ping(): Promise<void> {
    return this.answered(() => {})
  }

  close(): void {
    this.finish(new WireFault('unreachable', 'the connection was closed'))
  }

  end(fault: WireFault): void {
    if (this.finish(fault)) this.listener.lost(fault)
  }

  private finish(fault: WireFault): boolean {
    if (this.over !== null) return false
    this.over = fault
    this.exchange.forget(this)
    for (const reject of this.waiting) reject(fault)
    return true
  }

  hear(channel: string, sealed: Buffer): void {
    if (this.over === null && this.channels.has(channel)) this.listener.message(channel, sealed)
  }

  private answered(work: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.over !== null) return reject(this.over)
      this.waiting.add(reject)
      this.exchange
        .answered(() => {
          if (this.over === null) work()
        })
        .then(resolve, reject)
        .finally(() => this.waiting.delete(reject))
    })
  }
}
