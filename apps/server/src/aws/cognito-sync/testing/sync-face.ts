import 'reflect-metadata'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ACCOUNT_ID, REGION } from '../../../access/testing/an-access.js'
import { signedByV3 } from '../../../access/testing/sdk-signed.js'
import type { SigningService } from '../../../access/verify-caller.js'
import { readConfig } from '../../../config/config.js'
import { createLog } from '../../../ops/log.js'
import { createServer, type Overrides, type Server } from '../../../serve.js'
import { memoryStores } from '../../../store/memory/memory-stores.js'

export type Credentials = Readonly<{ accessKeyId: string; secretAccessKey: string; sessionToken?: string }>

/** The account's own credentials. */
export const ACCOUNT: Credentials = {
  accessKeyId: 'AKIASATCHELSATCHELXX',
  secretAccessKey: 'a/long+lived/secret/of/forty/characters0',
}

/** Somebody who uses the demo pool as a guest. */
export type Guest = Readonly<{ pool: string; identity: string; credentials: Credentials; path: string }>

export type Answer = Readonly<{
  status: number
  /** From the header that every client reads; empty on success. */
  type: string
  message: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test says what it expects of an answer
  body: any
  headers: Headers
}>

export type Call = Readonly<{
  query?: Readonly<Record<string, string | readonly string[]>>
  /** Sent as JSON, a text or bytes as they are. */
  body?: unknown
  headers?: Readonly<Record<string, string>>
  /** The account when left out; null sends it unsigned. */
  as?: Credentials | null
  service?: SigningService
  /** The method on the wire, where it is not the one that was signed. */
  sentAs?: string
}>

/** A whole server over memory on a free port of loopback, and requests to it as an SDK signs them. */
export class SyncFace {
  readonly logged: string[] = []
  private constructor(
    readonly server: Server,
    private readonly directory: string,
  ) {}

  static async start(env: Readonly<Record<string, string>> = {}, overrides: Overrides = {}): Promise<SyncFace> {
    const directory = mkdtempSync(join(tmpdir(), 'satchel-face-'))
    const config = readConfig({
      SATCHEL_PORT: '0',
      SATCHEL_DATA_DIR: directory,
      SATCHEL_REGION: REGION,
      SATCHEL_ACCOUNT_ID: ACCOUNT_ID,
      SATCHEL_ADMIN_ACCESS_KEY_ID: ACCOUNT.accessKeyId,
      SATCHEL_ADMIN_SECRET_ACCESS_KEY: ACCOUNT.secretAccessKey,
      ...env,
    })
    const lines: string[] = []
    const log = createLog('info', { write: (line: string) => void lines.push(line) })
    const server = await createServer(config, { log, stores: memoryStores(), ...overrides })
    const face = new SyncFace(server, directory)
    Object.defineProperty(face, 'logged', { value: lines })
    return face
  }

  get pool(): string {
    return this.server.demoPool ?? ''
  }

  async close(): Promise<void> {
    await this.server.close()
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** Sends one request, signed as SDK v3 does it. */
  async call(method: string, path: string, call: Call = {}): Promise<Answer> {
    const { service = 'cognito-sync', as = ACCOUNT, query = {} } = call
    const body = bytesOf(call.body)
    const url = new URL(this.server.url)
    const named = new Map(Object.entries(query).map(([name, value]) => [name, [value].flat()]))
    const sentQuery = [...named]
      .flatMap(([name, values]) => values.map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`))
      .join('&')
    const headers = {
      host: url.host,
      ...(body.length > 0 ? { 'content-type': 'application/json' } : {}),
      ...call.headers,
    }
    const unsigned = { method, path, query: named, sentQuery, headers, body, service, at: new Date() }
    const sent: Record<string, string> = { ...headers }
    if (as !== null) {
      const { rawHeaders } = await signedByV3({ ...unsigned, credentials: as })
      for (let index = 0; index < rawHeaders.length; index += 2) sent[rawHeaders[index]!] = rawHeaders[index + 1]!
    }
    delete sent['host']
    const response = await fetch(`${url.origin}${path}${sentQuery === '' ? '' : `?${sentQuery}`}`, {
      method: call.sentAs ?? method,
      headers: sent,
      ...(body.length > 0 ? { body } : {}),
    })
    return answerOf(response)
  }

  /** Calls cognito-identity; the account signs. */
  identity(operation: string, body: object, as: Credentials | null = ACCOUNT): Promise<Answer> {
    return this.call('POST', '/', {
      body,
      as,
      service: 'cognito-identity',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `AWSCognitoIdentityService.${operation}`,
      },
    })
  }

  /** A new guest of a pool, by the calls that an app makes. */
  async guest(pool = this.pool): Promise<Guest> {
    const got = await this.identity('GetId', { IdentityPoolId: pool }, null)
    const { IdentityId: identity } = got.body as { IdentityId: string }
    const given = await this.identity('GetCredentialsForIdentity', { IdentityId: identity }, null)
    const { Credentials } = given.body as { Credentials: Record<string, string> }
    const { AccessKeyId, SecretKey, SessionToken } = Credentials
    const credentials = { accessKeyId: AccessKeyId!, secretAccessKey: SecretKey!, sessionToken: SessionToken! }
    const path = `/identitypools/${encodeURIComponent(pool)}/identities/${encodeURIComponent(identity)}`
    return { pool, identity, credentials, path }
  }
}

function bytesOf(body: unknown): Buffer<ArrayBuffer> {
  if (body === undefined) return Buffer.alloc(0)
  if (Buffer.isBuffer(body)) return Buffer.from(body)
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  const isJson = (response.headers.get('content-type') ?? '').includes('json')
  const body: unknown = isJson && text !== '' ? JSON.parse(text) : text
  const message = typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : ''
  return {
    status: response.status,
    type: response.headers.get('x-amzn-errortype') ?? '',
    message,
    body,
    headers: response.headers,
  }
}
