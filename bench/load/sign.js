import { createHash, createHmac, createSecretKey } from 'node:crypto'

const REGION = 'us-east-1'
const HOST = '127.0.0.1'

/**
 * Signs for one set of credentials with Signature Version 4, signing the headers that the AWS SDKs send. The key is
 * derived once a day; a request then costs two hashes and one HMAC.
 */
export class Signer {
  constructor(credentials, service) {
    this.credentials = credentials
    this.service = service
    this.#begin(dayOf(new Date().toISOString()))
  }

  #begin(day) {
    this.day = day
    this.scope = `${day}/${REGION}/${this.service}/aws4_request`
    let key = `AWS4${this.credentials.secretAccessKey}`
    for (const piece of [day, REGION, this.service, 'aws4_request']) key = hmac(key, piece)
    this.key = createSecretKey(key)
  }

  /** A whole request, ready for the wire. `path` and `query` as they are sent; the query in canonical order. */
  request({ method, port, path, query = '', body = '', headers = {} }) {
    const now = new Date().toISOString()
    if (dayOf(now) !== this.day) this.#begin(dayOf(now)) // a bench may run over midnight
    const { accessKeyId, sessionToken } = this.credentials
    const hash = sha256(body)
    const signed = {
      ...headers,
      host: `${HOST}:${port}`,
      'x-amz-content-sha256': hash,
      'x-amz-date': `${this.day}T${now.slice(11, 19).replaceAll(':', '')}Z`,
      'x-amz-user-agent': 'aws-sdk-js/2.1693.0 callback',
      ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
    }
    const names = Object.keys(signed).sort()
    const lines = names.map((name) => `${name}:${signed[name]}\n`).join('')
    const list = names.join(';')
    const canonicalPath = path.replaceAll('%', '%25')
    const canonical = `${method}\n${canonicalPath}\n${query}\n${lines}\n${list}\n${hash}`
    const text = `AWS4-HMAC-SHA256\n${signed['x-amz-date']}\n${this.scope}\n${sha256(canonical)}`
    const signature = hmac(this.key, text).toString('hex')
    const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${this.scope}, SignedHeaders=${list}, Signature=${signature}`
    return wire({
      method,
      target: query === '' ? path : `${path}?${query}`,
      headers: { ...signed, authorization },
      body,
    })
  }
}

const dayOf = (now) => now.slice(0, 10).replaceAll('-', '')

/** A request without a signature. */
export const unsigned = ({ method, port, path, body, headers = {} }) =>
  wire({ method, target: path, headers: { ...headers, host: `${HOST}:${port}` }, body })

function wire({ method, target, headers, body }) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const length = body === '' ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`
  return Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body}`)
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex')
const hmac = (key, text) => createHmac('sha256', key).update(text).digest()
