/**
 * AWS Signature Version 4 with WebCrypto, as much of it as calls to cognito-sync need. The browser sets the Host
 * header itself, and it is signed as the browser will send it.
 */

const utf8 = new TextEncoder()

const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('')

const sha256 = async (text) => hex(await crypto.subtle.digest('SHA-256', utf8.encode(text)))

async function hmac(key, text) {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return crypto.subtle.sign('HMAC', imported, utf8.encode(text))
}

/** Percent-encodes all but RFC 3986's unreserved characters. */
export const encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)

/** The path as it is sent, encoded once more; AWS services other than S3 sign it so. */
const canonicalPath = (path) => path.split('/').map(encode).join('/')

/** A query as it is signed and as it has to be sent: `a=1&b=2`, in order. */
export const queryText = (query) =>
  Object.entries(query)
    .map(([name, value]) => `${encode(name)}=${encode(String(value))}`)
    .sort()
    .join('&')

/**
 * The headers to send with a request. `path` is already percent-encoded, `query` an object of plain values, `body` a
 * text ('' for none), and `credentials` { accessKeyId, secretKey, sessionToken }.
 */
export async function signedHeaders({ method, host, path, query = {}, body = '', service, region, credentials, now }) {
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, '')
  const day = time.slice(0, 8)
  const headers = {
    host,
    'x-amz-content-sha256': await sha256(body),
    'x-amz-date': time,
    'x-amz-security-token': credentials.sessionToken,
  }
  const names = Object.keys(headers) // they are in order already
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join('')
  const list = names.join(';')
  const request = [method, canonicalPath(path), queryText(query), lines, list, headers['x-amz-content-sha256']]

  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, await sha256(request.join('\n'))].join('\n')
  let key = utf8.encode(`AWS4${credentials.secretKey}`)
  for (const part of [day, region, service, 'aws4_request']) key = await hmac(key, part)

  const { host: _, ...sent } = headers
  const signature = hex(await hmac(key, toSign))
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${list}, Signature=${signature}`,
  }
}
