import { CognitoIdentity } from '@aws-sdk/client-cognito-identity'
import { randomUUID } from 'node:crypto'
import { WebSocket } from 'ws'
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'
import {
  parseChanged,
  parseHello,
  parseSyncAnswer,
  parseWatchAnswer,
  parseWireAnswer,
  parseWireError,
  PROTOCOL_VERSION,
  type Changed,
  type Hello,
  type Parsed,
  type SyncAnswer,
  type WatchAnswer,
  type WireAnswer,
  type WireError,
} from '@satchel/protocol'
import { adminOf, at, DEVELOPER_PROVIDER, type Reached } from './a-pool.js'
import { eventually } from './eventually.js'
import { exchange, type Answer } from './http-exchange.js'
import type { RunningServer } from './start-server.js'

const ANSWER_MS_MAX = 20_000

/** Somebody with an OpenID token. */
export type Bearer = Readonly<{ pool: string; identity: string; token: string }>

/** A guest of the pool by the basic flow. */
export async function aGuestBearer(server: Reached, pool: string): Promise<Bearer> {
  const unsigned = new CognitoIdentity(at(server))
  const { IdentityId } = await unsigned.getId({ IdentityPoolId: pool })
  return { pool, identity: IdentityId!, token: await guestToken(server, IdentityId!) }
}

/** Another token of a guest. */
export async function guestToken(server: Reached, identity: string): Promise<string> {
  const { Token } = await new CognitoIdentity(at(server)).getOpenIdToken({ IdentityId: identity })
  return Token!
}

/** A user of the developer provider, with a token of so many seconds. */
export async function aDeveloperBearer(
  server: RunningServer,
  pool: string,
  { userId = randomUUID(), seconds = 600 }: Readonly<{ userId?: string; seconds?: number }> = {},
): Promise<Bearer> {
  const { IdentityId, Token } = await adminOf(server).identity.getOpenIdTokenForDeveloperIdentity({
    IdentityPoolId: pool,
    Logins: { [DEVELOPER_PROVIDER]: userId },
    TokenDuration: seconds,
  })
  return { pool, identity: IdentityId!, token: Token! }
}

export type Edit = Readonly<{ key: string; value: string | null; base?: number }>

export type Asked = Readonly<{ dataset: string; epoch?: number; since?: number; page?: string | null; batch?: unknown }>

/** One dataset of a sync. */
export const asking = ({ dataset, epoch = 0, since = 0, page = null, batch = null }: Asked) => ({
  dataset,
  epoch,
  since,
  page,
  batch,
})

/** A numbered batch of edits. */
export const batchOf = (number: number, ...edits: readonly Edit[]) => ({
  number,
  patches: edits.map(({ key, value, base = 0 }) =>
    value === null
      ? { op: 'remove', key, base, deviceModifiedAt: null }
      : { op: 'replace', key, value, base, deviceModifiedAt: null },
  ),
})

/** A bare socket of socket.io's own client. Everything that it hears has to be what the protocol says. */
export class LiveDevice {
  readonly changed: Changed[] = []
  readonly closing: WireError[] = []
  readonly hellos: Hello[] = []
  readonly strange: string[] = []
  disconnected: string | null = null
  refused: WireError | null = null
  failed: Error | null = null

  constructor(
    readonly socket: Socket,
    readonly name: string = randomUUID(),
  ) {
    socket.on('hello', (sent) => this.hellos.push(taken(parseHello(sent))))
    socket.on('changed', (sent) => this.changed.push(taken(parseChanged(sent))))
    socket.on('closing', (sent) => this.closing.push(taken(parseWireError(sent))))
    socket.on('disconnect', (reason) => (this.disconnected = reason))
    socket.on('connect_error', (fault: Error & { data?: unknown }) => {
      this.failed = fault
      if (fault.data !== undefined) this.refused = taken(parseWireError(fault.data))
    })
    socket.onAny((event: string) => {
      if (!['hello', 'changed', 'closing'].includes(event)) this.strange.push(event)
    })
  }

  /** Connects and waits for the greeting, or for what it was refused with. */
  static async open(server: Pick<RunningServer, 'url'>, { token }: Pick<Bearer, 'token'>, options: Options = {}) {
    const device = LiveDevice.dial(server, { protocols: [PROTOCOL_VERSION], token }, options)
    await eventually(() => settled(device.hellos.length > 0 || device.failed !== null, 'no greeting'), ANSWER_MS_MAX)
    return device
  }

  static dial({ url }: Pick<RunningServer, 'url'>, auth: object, { name, ...options }: Options = {}): LiveDevice {
    const socket = io(url, { transports: ['websocket'], auth, reconnection: false, forceNew: true, ...options })
    return new LiveDevice(socket, name)
  }

  async ask(message: string, ...sent: readonly unknown[]): Promise<WireAnswer<unknown>> {
    const answer: unknown = await this.socket.timeout(ANSWER_MS_MAX).emitWithAck(message, ...sent)
    return taken(parseWireAnswer(answer, (inner) => ({ ok: true, value: inner })))
  }

  async sync(...datasets: readonly Asked[]): Promise<SyncAnswer> {
    const request = { device: this.name, datasets: datasets.map(asking) }
    return taken(parseSyncAnswer(okOf(await this.ask('sync', request))))
  }

  async watch(...datasets: readonly Readonly<{ dataset: string; epoch?: number; since?: number }>[]) {
    const request = { datasets: datasets.map(({ dataset, epoch = 0, since = 0 }) => ({ dataset, epoch, since })) }
    return taken(parseWatchAnswer(okOf(await this.ask('watch', request))))
  }

  async renew(token: string): Promise<Hello> {
    return taken(parseHello(okOf(await this.ask('renew', { token }))))
  }

  /** The hints so far, once there are so many. */
  hints(count: number, withinMs = 5_000): Promise<readonly Changed[]> {
    return eventually(() => settled(this.changed.length >= count && this.changed, `${count} hints`), withinMs)
  }

  /** Waits for the end, and answers what the server said before. */
  async end(withinMs = 10_000): Promise<WireError | null> {
    await eventually(() => settled(this.disconnected !== null, 'still connected'), withinMs)
    return this.closing[0] ?? null
  }

  close(): void {
    this.socket.disconnect()
  }
}

type Options = Partial<ManagerOptions & SocketOptions> & { name?: string }

/** The HTTP twin. */
export const twin = (
  { url }: Pick<RunningServer, 'url'>,
  message: string,
  body: unknown,
  { token, ...headers }: Readonly<Record<string, string>> = {},
): Promise<Answer> =>
  exchange(url, {
    method: 'POST',
    target: `/sync/v1/${message}`,
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  })

export const syncOverHttp = async (
  server: Pick<RunningServer, 'url'>,
  token: string,
  request: unknown,
): Promise<SyncAnswer> => taken(parseSyncAnswer(okOf((await twin(server, 'sync', request, { token })).json())))

export const watchOverHttp = async (
  server: Pick<RunningServer, 'url'>,
  token: string,
  request: unknown,
): Promise<WatchAnswer> => taken(parseWatchAnswer(okOf((await twin(server, 'watch', request, { token })).json())))

/** A WebSocket at the socket's address, for frames that socket.io's client would never send. */
export class RawSocket {
  readonly frames: string[] = []
  closed: number | null = null
  status: number | null = null
  private readonly lines: WebSocket

  constructor({ url }: Pick<RunningServer, 'url'>, headers: Record<string, string> = {}, path = SOCKET_TARGET) {
    this.lines = new WebSocket(url.replace('http', 'ws') + path, { headers, perMessageDeflate: false })
    this.lines.on('message', (frame: Buffer) => this.frames.push(frame.toString()))
    this.lines.on('close', (code) => (this.closed = code))
    this.lines.on('error', () => (this.closed ??= 0))
    this.lines.on('unexpected-response', (_, answer) => {
      this.status = answer.statusCode ?? 0
      this.closed = 0
      answer.destroy()
    })
  }

  /** Connects and greets, as far as a socket of somebody goes. */
  static async open(server: Pick<RunningServer, 'url'>, { token }: Pick<Bearer, 'token'>): Promise<RawSocket> {
    const raw = new RawSocket(server)
    await raw.until((frame) => frame.startsWith('0'))
    raw.send(`40${JSON.stringify({ protocols: [PROTOCOL_VERSION], token })}`)
    await raw.until((frame) => frame.startsWith('42["hello"'))
    return raw
  }

  send(frame: string | Buffer): void {
    this.lines.send(frame)
  }

  /** Stops taking anything from the network. */
  pause(): void {
    this.lines.pause()
  }

  resume(): void {
    this.lines.resume()
  }

  until(wanted: (frame: string) => boolean, withinMs = ANSWER_MS_MAX): Promise<string> {
    return eventually(
      () => settled(this.frames.find(wanted) ?? false, `no such frame in ${this.frames.join(' ')}`),
      withinMs,
    )
  }

  end(withinMs = ANSWER_MS_MAX): Promise<unknown> {
    return eventually(() => settled(this.closed !== null, 'still open'), withinMs)
  }

  opened(withinMs = ANSWER_MS_MAX): Promise<unknown> {
    return eventually(
      () => settled(this.closed !== null || this.frames.length > 0, 'neither open nor closed'),
      withinMs,
    )
  }

  close(): void {
    this.lines.terminate()
  }
}

export const SOCKET_TARGET = '/socket.io/?EIO=4&transport=websocket'

export function okOf<T>(answer: unknown): T {
  const { ok, answer: inner } = answer as { ok: boolean; answer: T }
  if (!ok) throw new Error(`refused: ${JSON.stringify(answer)}`)
  return inner
}

/** The code of a refusal; throws for an answer. */
export function codeOf(answer: unknown): string {
  const { error } = answer as { error?: { code: string } }
  if (error === undefined) throw new Error(`not refused: ${JSON.stringify(answer).slice(0, 300)}`)
  return error.code
}

function taken<T>(found: Parsed<T>): T {
  if (!found.ok) throw new Error(`not what the protocol says: ${JSON.stringify(found.violation)}`)
  return found.value
}

/** For `eventually`: rejects until there is something. */
export function settled<T>(found: T | false, what: string): Promise<T> {
  return found === false ? Promise.reject(new Error(what)) : Promise.resolve(found)
}
