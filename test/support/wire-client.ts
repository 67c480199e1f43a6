import { exchange, type Answer, type Outgoing } from './http-exchange.js'
import { signRequest, type Credentials, type SigningService } from './sign-request.js'

export type Patch = Readonly<{
  Op: string
  Key: string
  SyncCount: number
  Value?: string
  DeviceLastModifiedDate?: number
}>

export type WireRecord = Readonly<{ Key: string; Value?: string; SyncCount: number; LastModifiedBy: string }>

export type Listing = Readonly<{
  Records: readonly WireRecord[]
  Count: number
  DatasetSyncCount: number
  DatasetExists: boolean
  DatasetDeletedAfterRequestedSyncCount: boolean
  MergedDatasetNames: readonly string[]
  SyncSessionToken: string
  NextToken?: string
}>

/** What a dataset that nobody ever wrote lists as, beside its token. */
export const ABSENT_LISTING: Omit<Listing, 'SyncSessionToken'> = {
  Records: [],
  Count: 0,
  DatasetSyncCount: 0,
  DatasetExists: false,
  DatasetDeletedAfterRequestedSyncCount: false,
  MergedDatasetNames: [],
}

export type SentWith = Readonly<{
  service?: SigningService
  /** Epoch milliseconds of the signature. */
  at?: number
  region?: string
  /** The method that is signed, where it differs from the one that is sent. */
  signedMethod?: string
  /** The target that is signed, where it differs. */
  signedTarget?: string
  /** Sent, but not signed. */
  unsignedHeaders?: Readonly<Record<string, string>>
}>

/**
 * One signed caller, talking plain HTTP: what is sent is exactly what the test says, and nothing is retried or
 * corrected on the way, as an SDK would.
 */
export class WireClient {
  constructor(
    readonly url: string,
    readonly credentials: Credentials,
  ) {}

  /** Signs and sends. */
  send(outgoing: Outgoing & { headers?: Record<string, string> }, over: SentWith = {}): Promise<Answer> {
    return exchange(this.url, this.signed(outgoing, over))
  }

  /** The request with its signature, to be spoilt before it is sent. */
  signed(
    outgoing: Outgoing & { headers?: Record<string, string> },
    over: SentWith = {},
  ): Outgoing & { headers: Record<string, string> } {
    const { method = 'GET', target, headers = {}, body } = outgoing
    const { signedMethod, signedTarget, unsignedHeaders, ...signing } = over
    const signable = {
      method: signedMethod ?? method,
      host: new URL(this.url).host,
      target: signedTarget ?? target,
      headers,
      ...(body === undefined ? {} : { body }),
    }
    const sent = { ...signRequest(signable, { credentials: this.credentials, ...signing }), ...unsignedHeaders }
    return { ...outgoing, method, headers: sent }
  }

  /** Sends JSON with POST, or the given method. */
  sendJson(
    target: string,
    body: unknown,
    { method = 'POST', ...over }: SentWith & { method?: string } = {},
  ): Promise<Answer> {
    const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
    return this.send({ method, target, headers: { 'content-type': 'application/json' }, body: text }, over)
  }

  /** Calls an operation of cognito-identity. */
  identity(operation: string, body: unknown): Promise<Answer> {
    const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityService.${operation}`,
    }
    return this.send({ method: 'POST', target: '/', headers, body: text }, { service: 'cognito-identity' })
  }
}

/** The path of a dataset and what lies below it, encoded as the SDKs do. */
export const datasetPath = (
  { pool, identity }: Readonly<{ pool: string; identity: string }>,
  dataset: string,
): string => `${identityPath({ pool, identity })}/datasets/${encodeURIComponent(dataset)}`

export const identityPath = ({ pool, identity }: Readonly<{ pool: string; identity: string }>): string =>
  `/identitypools/${encodeURIComponent(pool)}/identities/${encodeURIComponent(identity)}`

/** One identity's own calls on its datasets, in plain HTTP. */
export class WireDevice {
  constructor(
    readonly wire: WireClient,
    readonly at: Readonly<{ pool: string; identity: string }>,
  ) {}

  listRaw(dataset: string, query: Readonly<Record<string, string | number>> = {}): Promise<Answer> {
    const asked = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    const target = `${datasetPath(this.at, dataset)}/records${asked.length === 0 ? '' : `?${asked.join('&')}`}`
    return this.wire.send({ target })
  }

  /** Lists, and throws what was answered when that is no listing. */
  async list(dataset: string, query?: Readonly<Record<string, string | number>>): Promise<Listing> {
    return okOf(await this.listRaw(dataset, query)) as Listing
  }

  updateRaw(dataset: string, token: string, patches: readonly Patch[] | readonly unknown[]): Promise<Answer> {
    return this.wire.sendJson(datasetPath(this.at, dataset), { SyncSessionToken: token, RecordPatches: patches })
  }

  async update(dataset: string, token: string, patches: readonly Patch[]): Promise<readonly WireRecord[]> {
    return (okOf(await this.updateRaw(dataset, token, patches)) as { Records: WireRecord[] }).Records
  }

  /** Lists for a token and writes. */
  async write(dataset: string, ...patches: readonly Patch[]): Promise<readonly WireRecord[]> {
    return this.update(dataset, (await this.list(dataset)).SyncSessionToken, patches)
  }

  deleteRaw(dataset: string): Promise<Answer> {
    return this.wire.send({ method: 'DELETE', target: datasetPath(this.at, dataset) })
  }

  async usage(): Promise<Readonly<{ DatasetCount: number; DataStorage: number }>> {
    const answer = okOf(await this.wire.send({ target: identityPath(this.at) }))
    return (answer as { IdentityUsage: { DatasetCount: number; DataStorage: number } }).IdentityUsage
  }

  async datasets(): Promise<readonly Readonly<{ DatasetName: string; NumRecords: number; DataStorage: number }>[]> {
    const answer = okOf(await this.wire.send({ target: `${identityPath(this.at)}/datasets?maxResults=1000` }))
    return (answer as { Datasets: { DatasetName: string; NumRecords: number; DataStorage: number }[] }).Datasets
  }
}

/** Somebody's calls on a server, or on one node of several. */
export const deviceAt = (
  { url }: Readonly<{ url: string }>,
  who: Readonly<{ pool: string; identity: string; credentials: Credentials }>,
): WireDevice => new WireDevice(new WireClient(url, who.credentials), who)

export const replace = (key: string, value: string, base = 0): Patch => ({
  Op: 'replace',
  Key: key,
  Value: value,
  SyncCount: base,
})

export const remove = (key: string, base: number): Patch => ({ Op: 'remove', Key: key, SyncCount: base })

/** An answer's body when the answer is a success. */
export function okOf(answer: Answer): unknown {
  if (answer.status !== 200) throw new Error(`answered ${answer.status}: ${answer.text.slice(0, 500)}`)
  return answer.text === '' ? {} : answer.json()
}

/** Status, type and text of an error in the form of the sync face. */
export const errorOf = (answer: Answer): Readonly<{ status: number; type: unknown; message: unknown }> => ({
  status: answer.status,
  type: answer.headers['x-amzn-errortype'],
  message: (answer.json() as { message?: unknown }).message,
})
