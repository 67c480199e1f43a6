import type { RedisConfig } from '../config/redis-config.js'
import type { Clock } from '../runtime/clock.js'
import { within } from '../runtime/within.js'
import { redisFault } from './redis-fault.js'
import { WireFault, type Wire, type WireConnection, type WireListener } from './wire.js'

const CONNECT_MS_MAX = 2_500

/** A connection on which nothing moves for so long is ended, in whatever state; each is asked for a sign of life more often. */
const SILENT_MS_MAX = 5_000
const SIGN_EVERY_MS = 1_500

/** Commands that may wait for an answer; what is above them is bounded before (`outgoing.ts`, `subscriptions.ts`). */
const COMMANDS_MAX = 8_192

/** What of the library's two clients is used; both have it alike. */
type Client = Readonly<{
  connect: () => Promise<unknown>
  sPublish: (channel: string, message: Buffer) => Promise<unknown>
  sSubscribe: (channels: string | string[], listener: Hears, buffers: true) => Promise<void>
  sUnsubscribe: (channels: string | string[], listener: Hears, buffers: true) => Promise<void>
  destroy: () => void
}>

type Hears = (message: Buffer, channel: Buffer) => void

/** How the two clients differ. */
type Opened = Readonly<{
  client: Client
  /** The one asks each shard. */
  ping: () => Promise<unknown>
  /** Channels of one command: in a cluster each may be somewhere else. */
  together: (channels: readonly string[]) => readonly string[][]
  onError: (tell: (cause: unknown) => void) => void
}>

/**
 * Redis with sharded channels, which since version 7 cost in a cluster only the shard that has them. One connection of the client library, or one
 * of its cluster clients, which never connects again by itself: whoever uses it opens another one.
 */
export class RedisWire implements Wire {
  constructor(
    private readonly config: RedisConfig,
    private readonly clock: Clock,
  ) {}

  async open(listener: WireListener): Promise<WireConnection> {
    const opened = await (this.config.nodes.length === 1 ? openNode(this.config) : openCluster(this.config))
    const connection = new RedisConnection(opened, listener)
    await connection.connect(this.clock)
    return connection
  }
}

class RedisConnection implements WireConnection {
  private isReady = false
  private isOver = false
  private said: unknown = null
  private readonly hear: Hears = (message, channel) => {
    if (!this.isOver) this.listener.message(channel.toString('latin1'), message)
  }

  constructor(
    private readonly opened: Opened,
    private readonly listener: WireListener,
  ) {
    opened.onError((cause) => {
      this.said = cause
      this.lost(redisFault(cause))
    })
  }

  /** One that takes connections and says nothing is left alone in time. */
  async connect(clock: Clock): Promise<void> {
    try {
      const connected = this.opened.client.connect().then(() => true)
      this.isReady = await within({ clock, ms: CONNECT_MS_MAX, late: () => false }, connected)
      if (!this.isReady) throw new WireFault('unreachable', `Redis did not answer within ${CONNECT_MS_MAX} ms`)
    } catch (cause) {
      this.close()
      // A cluster's client says only that no node would do; why was said before.
      throw cause instanceof WireFault ? cause : redisFault(this.said ?? cause)
    }
  }

  async publish(channel: string, sealed: Buffer): Promise<void> {
    await this.asked(() => this.opened.client.sPublish(channel, sealed))
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    const { client, together } = this.opened
    await this.asked(() => Promise.all(together(channels).map((some) => client.sSubscribe(some, this.hear, true))))
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    const { client, together } = this.opened
    await this.asked(() => Promise.all(together(channels).map((some) => client.sUnsubscribe(some, this.hear, true))))
  }

  async ping(): Promise<void> {
    await this.asked(() => this.opened.ping())
  }

  close(): void {
    if (this.isOver) return
    this.isOver = true
    this.opened.client.destroy()
  }

  private async asked(command: () => Promise<unknown>): Promise<void> {
    try {
      await command()
    } catch (cause) {
      throw redisFault(cause)
    }
  }

  private lost(fault: WireFault): void {
    // Before it is ready, whoever opens it is told by that.
    if (this.isOver || !this.isReady) return
    this.close()
    this.listener.lost(fault)
  }
}

/** Every setting that matters is given, and nothing is tried again. */
const clientOptions = ({ tls, username, password }: RedisConfig) =>
  ({
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    socket: {
      ...(tls ? { tls: true as const } : {}),
      connectTimeout: CONNECT_MS_MAX,
      socketTimeout: SILENT_MS_MAX,
      reconnectStrategy: false as const,
    },
    pingInterval: SIGN_EVERY_MS,
    disableOfflineQueue: true,
    commandsQueueMaxLength: COMMANDS_MAX,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    RESP: 3,
    // A timer for each command would cost more than the command; a wire that stands still is found out by its ping.
    commandOptions: { timeout: 0 },
  }) as const

/** The library is loaded only where a Redis is set. */
async function openNode(config: RedisConfig): Promise<Opened> {
  const { createClient } = await import('@redis/client')
  const options = clientOptions(config)
  const client = createClient({ ...options, socket: { ...options.socket, ...config.nodes[0]! } })
  return {
    client,
    ping: () => client.ping(),
    together: (channels) => [[...channels]],
    onError: (tell) => client.on('error', tell),
  }
}

async function openCluster(config: RedisConfig): Promise<Opened> {
  const { createCluster } = await import('@redis/client')
  const { socket, ...options } = clientOptions(config)
  const cluster = createCluster({
    rootNodes: config.nodes.map((node) => ({ socket: { ...socket, ...node } })),
    defaults: { ...options, socket },
    RESP: 3,
  })
  return {
    client: cluster,
    ping: () => Promise.all(cluster.masters.map(async (master) => (await cluster.nodeClient(master)).ping())),
    together: (channels) => channels.map((channel) => [channel]),
    onError: (tell) => {
      for (const event of ['error', 'node-error', 'sharded-channel-moved-error']) cluster.on(event, tell)
    },
  }
}
