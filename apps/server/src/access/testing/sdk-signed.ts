import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { createRequire } from 'node:module'
import { SignatureV4 } from '@smithy/signature-v4'
import type { SignedRequest, SigningService } from '../verify-caller.js'
import { REGION } from './an-access.js'

/** A request that one of Amazon's own signers signs. */
export type Unsigned = Readonly<{
  method: string
  /** As it goes over the wire, encoded. */
  path: string
  /** Names and values before encoding. */
  query: ReadonlyMap<string, readonly string[]>
  /** The query as it goes over the wire. */
  sentQuery: string
  headers: Readonly<Record<string, string>>
  body: Buffer
  service: SigningService
  credentials: Readonly<{ accessKeyId: string; secretAccessKey: string; sessionToken?: string }>
  at: Date
}>

/** Signs as the SDK for JavaScript v3 does. */
export async function signedByV3(unsigned: Unsigned): Promise<SignedRequest> {
  const { method, path, headers, body, service, credentials, at } = unsigned
  const signer = new SignatureV4({ credentials, region: REGION, service, sha256: NodeSha256 })
  const query = Object.fromEntries([...unsigned.query].map(([name, values]) => [name, [...values]]))
  const request = { method, path, query, headers: { ...headers }, body, protocol: 'http:', hostname: 'localhost' }
  const signed = await signer.sign(request, { signingDate: at })
  return { method, target: targetOf(unsigned), rawHeaders: Object.entries(signed.headers).flat(), body }
}

/** Signs as the SDK for JavaScript v2 does. */
export function signedByV2(unsigned: Unsigned): SignedRequest {
  const { method, body, service, credentials, at, headers } = unsigned
  const request = new v2.HttpRequest('http://localhost:4680', REGION)
  Object.assign(request, { method, path: targetOf(unsigned), body: body.toString('utf8'), headers: { ...headers } })
  new v2.Signers.V4(request, service, { signatureCache: true, signatureVersion: 'v4' }).addAuthorization(
    credentials,
    at,
  )
  const rawHeaders = Object.entries(request.headers).flat()
  return { method, target: request.path, rawHeaders, body }
}

const targetOf = ({ path, sentQuery }: Unsigned): string => (sentQuery === '' ? path : `${path}?${sentQuery}`)

class NodeSha256 {
  private readonly hash: Hash | Hmac

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', Buffer.from(secret as Uint8Array))
  }

  update(content: Uint8Array): void {
    this.hash.update(content)
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.hash.digest())
  }

  reset(): void {
    throw new Error('a signer never starts over')
  }
}

/** The parts of `aws-sdk` that it publishes without types. */
type V2 = Readonly<{
  HttpRequest: new (endpoint: string, region: string) => { path: string; headers: Record<string, string> }
  Signers: Readonly<{
    V4: new (
      request: object,
      service: string,
      options: object,
    ) => { addAuthorization(credentials: object, at: Date): void }
  }>
}>

const require = createRequire(import.meta.url)
const notice = require('aws-sdk/lib/maintenance_mode_message') as { suppress: boolean }
notice.suppress = true
const v2 = require('aws-sdk') as V2
