import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect, type Socket } from 'node:net'

export type Outgoing = Readonly<{
  method?: string
  target: string
  headers?: Readonly<Record<string, string | readonly string[]>>
  body?: string | Buffer
}>

export type Answer = Readonly<{
  status: number
  headers: IncomingHttpHeaders
  text: string
  /** The body as JSON; throws when it is not. */
  json: () => Record<string, unknown>
}>

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

const ANSWER_MS_MAX = 30_000

/** Sends exactly what is given, with no header added but Host, Connection and Content-Length, and reads the answer. */
export function exchange(url: string, { method = 'GET', target, headers = {}, body }: Outgoing): Promise<Answer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const withLength =
      body === undefined || 'transfer-encoding' in headers
        ? headers
        : { ...headers, 'content-length': String(Buffer.byteLength(body)) }
    const sent = httpRequest(
      { agent, hostname, port, method, path: target, headers: withLength as Record<string, string> },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({
            status: answer.statusCode!,
            headers: answer.headers,
            text,
            json: () => JSON.parse(text) as Record<string, unknown>,
          })
        })
      },
    )
    sent.setTimeout(ANSWER_MS_MAX, () => sent.destroy(new Error(`no answer within ${ANSWER_MS_MAX} ms`)))
    sent.on('error', reject)
    sent.end(body)
  })
}

/** What came back over a connection, and after how long the server ended it. */
export type RawExchange = Readonly<{ text: string; ms: number }>

/**
 * Opens a connection, lets `send` write whatever it likes, and reads until the server closes, `until` matches, or the
 * time is up.
 */
export function rawExchange(
  url: string,
  send: (socket: Socket) => void,
  { until, withinMs = ANSWER_MS_MAX }: Readonly<{ until?: RegExp; withinMs?: number }> = {},
): Promise<RawExchange> {
  const { hostname, port } = new URL(url)
  const begun = performance.now()
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(Number(port), hostname, () => send(socket))
    const timer = setTimeout(
      () => end(new Error(`not ended within ${withinMs} ms; so far: ${text.slice(0, 500)}`)),
      withinMs,
    )
    const end = (fault: Error | null): void => {
      clearTimeout(timer)
      socket.destroy()
      if (fault === null) resolve({ text, ms: performance.now() - begun })
      else reject(fault)
    }
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (until?.test(text) === true) end(null)
    })
    socket.on('close', () => end(null))
    socket.on('error', (fault: NodeJS.ErrnoException) => {
      // The server may cut us off while we are still sending; what it said before counts.
      if (fault.code !== 'EPIPE' && fault.code !== 'ECONNRESET') end(fault)
    })
  })
}
