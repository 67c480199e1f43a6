import { encode, queryText, signedHeaders } from './sigv4.js'

/** An answer that refuses: `code` as AWS names it, `status`, and the server's words. */
export class RefusedError extends Error {
  constructor(code, status, message) {
    super(message)
    this.code = code
    this.status = status
  }
}

const RENEW_BEFORE_MS = 60_000

/**
 * One guest of one identity pool, as any AWS client would be: unsigned calls get an identity and its credentials,
 * signed ones read and write its datasets. `onExchange` is told of everything that went over the wire.
 */
export class Guest {
  #identity
  #credentials = null
  #options

  constructor(options) {
    this.#options = options // { origin, region, pool, identity (or null), onExchange }
    this.#identity = options.identity
  }

  get identity() {
    return this.#identity
  }

  /** Gets an identity where there is none yet, and credentials for it; comes before everything else. */
  async arrive() {
    const { pool } = this.#options
    if (this.#identity === null) {
      this.#identity = (await this.#identityCall('GetId', { IdentityPoolId: pool })).IdentityId
    }
    try {
      await this.#renew()
    } catch (error) {
      if (!(error instanceof RefusedError) || error.code !== 'ResourceNotFoundException') throw error
      // The server has forgotten us, for instance because its data were deleted: become somebody new.
      this.#identity = (await this.#identityCall('GetId', { IdentityPoolId: pool })).IdentityId
      await this.#renew()
    }
    return this.#identity
  }

  /** Everything that changed in a dataset since a count. */
  async listRecords(who, dataset, since) {
    const records = []
    let nextToken
    let page
    do {
      const query = { lastSyncCount: since, ...(nextToken === undefined ? {} : { nextToken }) }
      page = await this.#syncCall(who, 'ListRecords', { method: 'GET', path: this.#path(dataset, 'records'), query })
      records.push(...page.Records)
      nextToken = page.NextToken ?? undefined
    } while (nextToken !== undefined)
    return {
      records,
      syncCount: page.DatasetSyncCount,
      deletedSince: page.DatasetDeletedAfterRequestedSyncCount,
      sessionToken: page.SyncSessionToken,
    }
  }

  /** Sends patches; answers the records as they are held now. */
  async updateRecords(who, dataset, sessionToken, patches) {
    const body = JSON.stringify({ SyncSessionToken: sessionToken, RecordPatches: patches })
    const answer = await this.#syncCall(who, 'UpdateRecords', { method: 'POST', path: this.#path(dataset), body })
    return answer.Records
  }

  #path(dataset, ...rest) {
    const { pool } = this.#options
    const parts = ['identitypools', pool, 'identities', this.#identity, 'datasets', dataset, ...rest]
    return `/${parts.map(encode).join('/')}`
  }

  async #renew() {
    const answer = await this.#identityCall('GetCredentialsForIdentity', { IdentityId: this.#identity })
    const { AccessKeyId, SecretKey, SessionToken, Expiration } = answer.Credentials
    this.#credentials = {
      accessKeyId: AccessKeyId,
      secretKey: SecretKey,
      sessionToken: SessionToken,
      expiresAt: Expiration * 1_000,
    }
  }

  #identityCall(operation, message) {
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityService.${operation}`,
    }
    return this.#exchange('guest', operation, { method: 'POST', path: '/', headers, body: JSON.stringify(message) })
  }

  async #syncCall(who, operation, { method, path, query = {}, body = '' }) {
    if (this.#credentials.expiresAt - Date.now() < RENEW_BEFORE_MS) await this.#renew()
    const { origin, region } = this.#options
    const headers = await signedHeaders({
      ...{ method, path, query, body, region, service: 'cognito-sync', credentials: this.#credentials },
      host: new URL(origin).host,
      now: new Date(),
    })
    if (body !== '') headers['content-type'] = 'application/json'
    return this.#exchange(who, operation, { method, path, query, headers, body })
  }

  async #exchange(who, operation, { method, path, query = {}, headers, body }) {
    const { origin, onExchange } = this.#options
    const search = queryText(query)
    const target = path + (search === '' ? '' : `?${search}`)
    const startedAt = performance.now()
    const response = await fetch(origin + target, { method, headers, ...(body ? { body } : {}) })
    const text = await response.text()
    const answer = text === '' ? {} : JSON.parse(text)
    const ms = performance.now() - startedAt
    onExchange({ who, operation, method, target, status: response.status, ms, sent: body, received: text })
    if (response.ok) return answer
    const code = (response.headers.get('x-amzn-errortype') ?? answer.__type ?? 'unknown')
      .split(':')[0]
      .split('#')
      .at(-1)
    throw new RefusedError(code, response.status, answer.message ?? response.statusText)
  }
}
