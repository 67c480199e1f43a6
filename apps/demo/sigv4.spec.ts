import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import { encode, queryText, signedHeaders } from './sigv4.js'

/** What the SDK's signer asks of a hash. */
class Sha256 {
  private readonly hash: Hash | Hmac
  constructor(secret?: string | Uint8Array) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
  }
  update(part: string | Uint8Array) {
    this.hash.update(part)
  }
  digest() {
    return Promise.resolve(new Uint8Array(this.hash.digest()))
  }
}

const credentials = { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', secretKey: 's'.repeat(40), sessionToken: 'Atoken+/=' }
const now = new Date('2026-01-02T03:04:05.678Z')
const path = `/identitypools/${encode('us-east-1:0d4f')}/identities/${encode("it's (a) *path*!")}/datasets/a`

test.each([
  ['GET', { nextToken: 'b c+d/=~é', lastSyncCount: 3 }, ''],
  ['POST', {}, '{"Value":"ü"}'],
  ['DELETE', {}, ''],
])('a %s is signed as the AWS SDK signs it', async (method, query: Record<string, unknown>, body) => {
  const ours = await signedHeaders({
    ...{
      method,
      host: '127.0.0.1:4680',
      path,
      query,
      body,
      service: 'cognito-sync',
      region: 'us-east-1',
      credentials,
      now,
    },
  })
  const signer = new SignatureV4({
    credentials: { ...credentials, secretAccessKey: credentials.secretKey },
    region: 'us-east-1',
    service: 'cognito-sync',
    sha256: Sha256,
  })
  const theirs = await signer.sign(
    {
      method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      port: 4680,
      path,
      query: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)])),
      headers: { host: '127.0.0.1:4680' },
      body,
    },
    { signingDate: now },
  )
  expect(ours.authorization).toBe(theirs.headers.authorization)
})

test('a query is sent as it is signed', () => {
  expect(queryText({ b: "x y'*", a: 1 })).toBe('a=1&b=x%20y%27%2A')
})
