import { createHash, createHmac } from 'node:crypto'
import type { SignedRequest } from '../verify-caller.js'
import { ACCOUNT, REGION } from './an-access.js'

/** A request to be signed by hand, each piece as a forger would like to have it. */
export type Draft = Readonly<{
  method?: string
  path?: string
  /** In its canonical form; `sentQuery` is what goes over the wire instead. */
  query?: string
  sentQuery?: string
  /** Sent besides `host` and `x-amz-date`, which are replaced when named here; null leaves one out. */
  headers?: Readonly<Record<string, string | null>>
  /** What goes over the wire besides the headers that the signature knows. */
  addedHeaders?: readonly string[]
  body?: Buffer
  /** Instead of all headers. */
  signedHeaders?: readonly string[]
  /** Instead of the sorted list. */
  signedHeaderList?: string
  time?: string
  date?: string
  region?: string
  service?: string
  terminator?: string
  credentials?: Credentials
  /** Instead of the hash of the body. */
  bodyHash?: string
  algorithm?: string
  /** What becomes of the finished header. */
  authorization?: (header: string) => string | null
}>

type Credentials = Readonly<{ accessKeyId: string; secretAccessKey: string; sessionToken?: string }>

export const NOW = '20260517T093000Z'

/** Signs as the specification says, step by step and without a thought for speed: the twin of the verifier. */
export function handSigned(draft: Draft = {}): SignedRequest {
  const { method = 'GET', path = '/identitypools', query = '', body = Buffer.alloc(0) } = draft
  const { time = NOW, region = REGION, service = 'cognito-sync', terminator = 'aws4_request' } = draft
  const { credentials = ACCOUNT, date = time.slice(0, 8), algorithm = 'AWS4-HMAC-SHA256' } = draft
  const headers = new Map<string, string>()
  const named = { host: 'localhost:4680', 'x-amz-date': time, ...tokenHeader(credentials), ...draft.headers }
  for (const [name, value] of Object.entries(named)) if (value !== null) headers.set(name, value)

  const signed = draft.signedHeaders ?? [...headers.keys()].map((name) => name.toLowerCase()).sort()
  const list = draft.signedHeaderList ?? signed.join(';')
  const lines = signed.map((name) => `${name}:${(headers.get(name) ?? '').trim().replace(/[ \t]+/g, ' ')}\n`).join('')
  const scope = `${date}/${region}/${service}/${terminator}`
  const canonical = [method, encodedPath(path), query, lines, list, draft.bodyHash ?? sha256(body)].join('\n')
  const text = [algorithm, time, scope, sha256(canonical)].join('\n')

  let key: Buffer = Buffer.from(`AWS4${credentials.secretAccessKey}`)
  for (const piece of scope.split('/')) key = createHmac('sha256', key).update(piece).digest()
  const signature = createHmac('sha256', key).update(text).digest('hex')
  const header = `${algorithm} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${list}, Signature=${signature}`
  const sentHeader = draft.authorization === undefined ? header : draft.authorization(header)

  const sentQuery = draft.sentQuery ?? query
  return {
    method,
    target: sentQuery === '' ? path : `${path}?${sentQuery}`,
    rawHeaders: [
      ...[...headers].flat(),
      ...(sentHeader === null ? [] : ['Authorization', sentHeader]),
      ...(draft.addedHeaders ?? []),
    ],
    body,
  }
}

/** A signed request with one header's value replaced. */
export const withHeader = (request: SignedRequest, name: string, value: string): SignedRequest => ({
  ...request,
  rawHeaders: request.rawHeaders.map((text, at) =>
    at % 2 === 1 && request.rawHeaders[at - 1] === name ? value : text,
  ),
})

/** A signed request with one header left out. */
export const withoutHeader = (request: SignedRequest, name: string): SignedRequest => ({
  ...request,
  rawHeaders: request.rawHeaders.filter((text, at) => (at % 2 === 0 ? text : request.rawHeaders[at - 1]) !== name),
})

const tokenHeader = ({ sessionToken }: Credentials): Record<string, string> =>
  sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }

export const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex')

const encodedPath = (path: string): string =>
  [...Buffer.from(path, 'latin1')]
    .map((byte) => {
      const character = String.fromCharCode(byte)
      return /[A-Za-z0-9\-._~/]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
