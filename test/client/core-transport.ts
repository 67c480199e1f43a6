import {
  AWS_LIMITS,
  PROTOCOL_VERSION,
  type DatasetName,
  type Hello,
  type SyncAnswer,
  type SyncRequest,
  type WatchAnswer,
  type WatchRequest,
  type WireError,
} from '@satchel/protocol'
import { IDENTITY } from '../../apps/server/src/domain/testing/a-dataset.js'
import type { ExchangeWorld } from '../../apps/server/src/datasets/testing/exchange-world.js'
import { WHO } from '../../apps/server/src/datasets/testing/exchange-world.js'
import { Refusal } from '../../apps/server/src/refusal.js'
import {
  ConnectionFault,
  type Connection,
  type ConnectionListener,
  type Transport,
} from '../../libs/client/src/transport/transport.js'

export const TOKEN_LIFE_MS = 3_600_000

/** What a test does to messages on their way; each may throw a fault, hang, or change what passes. */
export type Meddling = {
  connect: () => Promise<void> | void
  request: (message: 'sync' | 'watch' | 'renew', body: unknown) => Promise<void> | void
  /** Seen only once the server has done what was asked. */
  answer: (message: 'sync' | 'watch' | 'renew', answer: unknown) => Promise<unknown>
  /** False to lose a hint. */
  hint: () => boolean
}

const untouched = (): Meddling => ({
  connect: () => {},
  request: () => {},
  answer: (_, answer) => Promise.resolve(answer),
  hint: () => true,
})

/** The real server core in this process, reached without a network. A token is the name of an identity. */
export class CoreTransport implements Transport {
  meddling = untouched()
  /** Requests as they reached the server. */
  readonly asked: SyncRequest[] = []
  readonly watches: WatchRequest[] = []
  /** Tokens that are good. */
  readonly tokens = new Set<string>(['good'])
  connects = 0
  identity: Hello['identity'] = IDENTITY
  private readonly open = new Set<CoreConnection>()

  constructor(readonly world: ExchangeWorld) {}

  /** As if nobody ever meddled. */
  mend(): void {
    this.meddling = untouched()
  }

  /** Ends every connection, as a proxy may. */
  cut(error: WireError | null = null): void {
    const fault =
      error === null ? new ConnectionFault('cut', 'cut') : new ConnectionFault('refused', error.message, error)
    for (const connection of [...this.open]) connection.end(fault)
  }

  /** From now on nobody is there. */
  goAway(): void {
    this.meddling.connect = () => {
      throw new ConnectionFault('unreachable', 'nobody is there')
    }
    this.cut()
  }

  async connect(token: string, listener: ConnectionListener): Promise<Connection> {
    this.connects++
    await this.meddling.connect()
    this.welcome(token)
    const connection = new CoreConnection(this, listener, () => this.open.delete(connection))
    this.open.add(connection)
    return connection
  }

  welcome(token: string): void {
    if (!this.tokens.has(token)) throw refusal({ code: 'NotAuthorized', message: 'the token does not do' })
  }

  hello(): Hello {
    const serverTime = this.world.clock.now()
    const { pool } = WHO
    return {
      ...{ protocol: PROTOCOL_VERSION, pool, identity: this.identity, serverTime, limits: AWS_LIMITS },
      expiresAt: serverTime + TOKEN_LIFE_MS,
    }
  }
}

export const refusal = ({
  code,
  message,
  retryAfterMs = null,
}: Partial<WireError> & Pick<WireError, 'code' | 'message'>) =>
  new ConnectionFault('refused', message, { code, message, retryAfterMs })

class CoreConnection implements Connection {
  readonly hello: Hello
  private ended = false
  private watched = new Set<DatasetName>()
  private readonly unwatch: () => void
  private readonly cutters = new Set<(fault: ConnectionFault) => void>()

  constructor(
    private readonly transport: CoreTransport,
    private readonly listener: ConnectionListener,
    private readonly gone: () => void,
  ) {
    this.hello = transport.hello()
    this.unwatch = transport.world.feed.watch(IDENTITY, ({ changed }) => {
      if (this.watched.has(changed.dataset) && transport.meddling.hint()) {
        setImmediate(() => this.ended || listener.changed(structuredClone(changed)))
      }
    })
  }

  sync(request: SyncRequest): Promise<SyncAnswer> {
    return this.ask('sync', request, (body) => {
      this.transport.asked.push(body)
      return this.transport.world.exchange.sync(WHO, body)
    })
  }

  watch(request: WatchRequest): Promise<WatchAnswer> {
    return this.ask('watch', request, async (body) => {
      this.transport.watches.push(body)
      this.watched = new Set(body.datasets.map(({ dataset }) => dataset))
      return { changed: await this.transport.world.exchange.behind(WHO, body) }
    })
  }

  renew(token: string): Promise<Hello> {
    return this.ask('renew', { token }, () => {
      this.transport.welcome(token)
      return Promise.resolve(this.transport.hello())
    })
  }

  close(): void {
    this.stop(new ConnectionFault('cut', 'closed'))
  }

  end(fault: ConnectionFault): void {
    if (this.ended) return
    this.stop(fault)
    this.listener.closed(fault)
  }

  private stop(fault: ConnectionFault): void {
    this.ended = true
    this.unwatch()
    this.gone()
    for (const cut of this.cutters) cut(fault)
  }

  private ask<Body, Answer>(
    message: 'sync' | 'watch' | 'renew',
    body: Body,
    work: (body: Body) => Promise<Answer>,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.cutters.add(reject)
      const run = async (): Promise<Answer> => {
        if (this.ended) throw new ConnectionFault('cut', 'ended before')
        const { meddling } = this.transport
        await meddling.request(message, body)
        const answer = await work(structuredClone(body)).catch((fault: unknown) => {
          if (!(fault instanceof Refusal)) throw fault
          const { code, message: words, retryAfterSeconds } = fault
          throw refusal({ code, message: words, retryAfterMs: (retryAfterSeconds ?? 0) * 1_000 || null })
        })
        return (await meddling.answer(message, structuredClone(answer))) as Answer
      }
      run().then(resolve, reject)
    })
  }
}
