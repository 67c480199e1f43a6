import { createHash, createHmac } from 'node:crypto'

export type Credentials = Readonly<{ accessKeyId: string; secretAccessKey: string; sessionToken?: string }>

export type SigningService = 'cognito-sync' | 'cognito-identity' | 'sts'

export type Signing = Readonly<{
  credentials: Credentials
  service?: SigningService
  region?: string
  /** Epoch milliseconds of the signature. */
  at?: number
}>

export type Signable = Readonly<{
  method: string
  host: string
  /** As it will be sent, query included. */
  target: string
  headers?: Readonly<Record<string, string>>
  body?: string | Buffer
}>

/**
 * The headers that sign a request with Signature Version 4, those of the request included. Every header given is
 * signed. Written from the specification for these tests, so that a mistake in the server is not repeated here.
 */
export function signRequest(request: Signable, signing: Signing): Record<string, string> {
  const { credentials, service = 'cognito-sync', region = 'us-east-1', at = Date.now() } = signing
  const time = new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`
  const sent: Record<string, string> = { host: request.host, 'x-amz-date': time }
  for (const [name, value] of Object.entries(request.headers ?? {})) sent[name.toLowerCase()] = value
  if (credentials.sessionToken !== undefined) sent['x-amz-security-token'] = credentials.sessionToken

  const names = Object.keys(sent).sort()
  const [path = '/', query = ''] = request.target.split(/\?(.*)/s)
  const canonical = [
    request.method,
    path.split('/').map(encoded).join('/'),
    query.split('&').filter(Boolean).map(parameter).sort().join('&'),
    ...names.map((name) => `${name}:${sent[name]!.trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    sha256(request.body ?? ''),
  ].join('\n')
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const signature = createHmac('sha256', keyFor(credentials.secretAccessKey, scope)).update(text).digest('hex')
  sent['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, ` +
    `SignedHeaders=${names.join(';')}, Signature=${signature}`
  return sent
}

const keys = new Map<string, Buffer>()

function keyFor(secret: string, scope: string): Buffer {
  const name = `${secret} ${scope}`
  const held = keys.get(name)
  if (held !== undefined) return held
  let key: Buffer = Buffer.from(`AWS4${secret}`)
  for (const piece of scope.split('/')) key = createHmac('sha256', key).update(piece).digest()
  if (keys.size > 1_000) keys.clear()
  keys.set(name, key)
  return key
}

const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex')

/** Once more over what is sent, as every SDK does it. */
const encoded = (piece: string): string =>
  encodeURIComponent(piece).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)

function parameter(sent: string): string {
  const [name = '', value = ''] = sent.split(/=(.*)/s)
  return `${encoded(decodeURIComponent(name))}=${encoded(decodeURIComponent(value))}`
}
