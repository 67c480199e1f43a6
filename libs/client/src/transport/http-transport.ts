import {
  HTTP_TWIN_PATH,
  parseHello,
  parseSyncAnswer,
  parseWatchAnswer,
  PROTOCOL_VERSION,
  type Changed,
  type DatasetName,
  type Hello,
  type Parsed,
  type SyncAnswer,
  type SyncRequest,
  type WatchAnswer,
  type WatchedDataset,
  type WatchRequest,
} from '@satchel/protocol'
import type { Clock } from '../runtime/clock.js'
import { answerOf, notSatchel, refusedBy } from './answer-of.js'
import { jsonIn, post, retryAfterMsIn, type Posted } from './post-json.js'
import { ConnectionFault, type Connection, type ConnectionListener, type Transport } from './transport.js'

/** A watch that brings nothing is asked for no more often than this, however early its answer comes. */
const WATCH_REST_MS = 500

/** Speaks the native protocol over HTTP, for networks that block sockets. Hints come by a request that the server holds. */
export class HttpTransport implements Transport {
  constructor(
    private readonly endpoint: string,
    private readonly clock: Clock,
  ) {}

  async connect(token: string, listener: ConnectionListener): Promise<Connection> {
    const connection = new HttpConnection(
      this.endpoint.replace(/\/$/, '') + HTTP_TWIN_PATH,
      this.clock,
      token,
      listener,
    )
    await connection.greet()
    return connection
  }
}

class HttpConnection implements Connection {
  hello!: Hello
  #closed = false
  readonly #aborter = new AbortController()
  /** What is watched, as far as this connection has told it; null before the first watch. */
  #watched: Map<DatasetName, WatchedDataset> | null = null
  #watching: AbortController | null = null

  constructor(
    private readonly url: string,
    private readonly clock: Clock,
    private token: string,
    private readonly listener: ConnectionListener,
  ) {}

  async greet(token = this.token): Promise<Hello> {
    this.hello = await this.#ask('hello', {}, parseHello, token)
    this.token = token
    return this.hello
  }

  async sync(request: SyncRequest): Promise<SyncAnswer> {
    const answer = await this.#ask('sync', request, parseSyncAnswer)
    for (const { dataset, changes } of answer.datasets) {
      if (changes !== null && changes.next === null) this.#reached(dataset, changes.epoch, changes.through)
    }
    return answer
  }

  /** Answers at once; what changes is told as a hint, as on a socket. */
  watch({ datasets }: WatchRequest): Promise<WatchAnswer> {
    this.#watched = new Map(datasets.map((one) => [one.dataset, one]))
    if (this.#watching === null) void this.#keepWatching()
    else this.#watching.abort()
    return Promise.resolve({ changed: [] })
  }

  renew(token: string): Promise<Hello> {
    return this.greet(token)
  }

  close(): void {
    this.retire()
    this.#aborter.abort()
  }

  retire(): void {
    this.#closed = true
    this.#watching?.abort()
  }

  #reached(dataset: DatasetName, epoch: number, since: WatchedDataset['since']): void {
    if (this.#watched?.has(dataset) === true) this.#watched.set(dataset, { dataset, epoch, since })
  }

  async #keepWatching(): Promise<void> {
    while (!this.#closed) {
      this.#watching = new AbortController()
      const { signal } = this.#watching
      const begunMs = this.clock.elapsed()
      try {
        const { changed } = await this.#ask(
          'watch',
          { datasets: [...this.#watched!.values()] },
          parseWatchAnswer,
          this.token,
          signal,
        )
        for (const hint of changed) this.#tell(hint)
        if (changed.length === 0) await this.#rest(begunMs)
      } catch (fault) {
        // Given up for a watch of other datasets.
        if (signal.aborted) continue
        return this.#end(fault as ConnectionFault)
      }
    }
  }

  #tell(hint: Changed): void {
    if (this.#closed) return
    this.#reached(hint.dataset, hint.epoch, hint.through)
    this.listener.changed(hint)
  }

  #rest(begunMs: number): Promise<void> {
    const restMs = begunMs + WATCH_REST_MS - this.clock.elapsed()
    return new Promise((resolve) => this.clock.after(restMs, resolve))
  }

  #end(fault: ConnectionFault): void {
    if (this.#closed) return
    this.close()
    this.listener.closed(fault)
  }

  async #ask<Answer>(
    message: string,
    body: unknown,
    parse: (sent: unknown) => Parsed<Answer>,
    token = this.token,
    signal = this.#aborter.signal,
  ): Promise<Answer> {
    if (this.#closed) throw new ConnectionFault('cut', 'the connection was closed')
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    const posted = await post(`${this.url}/${message}`, { body, headers, signal })
    // Whoever sits between may answer anything; only the server names its protocol.
    if (posted.headers.get('satchel-protocol') !== String(PROTOCOL_VERSION)) throw strangers(posted, this.url)
    return answerOf(jsonIn(posted), parse)
  }
}

/** A proxy that says when to come back is obeyed; any other stranger is named. */
function strangers(posted: Posted, url: string): ConnectionFault {
  const { status } = posted
  const retryAfterMs = retryAfterMsIn(posted)
  if ((status === 429 || status === 503) && retryAfterMs !== null) {
    const code = status === 429 ? 'TooManyRequests' : 'ServiceUnavailable'
    return refusedBy({ code, message: `${url} answers ${status}`, retryAfterMs })
  }
  return notSatchel(`${url} answers ${status} without naming its protocol`)
}
