import { drive } from './drive.js'
import { Signer, unsigned } from './sign.js'
import { batchRows, connectionPlan } from './workload.js'

const PREPARING_CONNECTIONS = 32

/** The devices of many identities of one server: their credentials, and requests signed before any clock starts. */
export class Devices {
  #signers = new Map()
  #pool
  #port

  constructor({ port, pool }) {
    this.#port = port
    this.#pool = pool
  }

  /** Gets guests' credentials, as an app does, for those identities that have none yet. */
  async enter(identities) {
    const wanted = identities.filter((identity) => !this.#signers.has(identity))
    const requests = wanted.map((identity) =>
      unsigned({
        method: 'POST',
        port: this.#port,
        path: '/',
        body: JSON.stringify({ IdentityId: identity }),
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'AWSCognitoIdentityService.GetCredentialsForIdentity',
        },
      }),
    )
    await this.#each(requests, (at, body) => {
      const { AccessKeyId, SecretKey, SessionToken } = JSON.parse(body()).Credentials
      const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretKey, sessionToken: SessionToken }
      this.#signers.set(wanted[at], new Signer(credentials, 'cognito-sync'))
    })
  }

  /** The updates of a round, by connection: each with a session token of its own from a listing made here. */
  async updates({ workload, identities, round }) {
    const steps = connectionPlan(workload, identities, round)
    const tokens = []
    await this.#each(
      steps.map(({ identity }) => this.#list(identity, workload.dataset, 0)),
      (at, body) => (tokens[at] = JSON.parse(body()).SyncSessionToken),
    )
    const requests = Array.from({ length: workload.connections }, () => [])
    for (const [at, step] of steps.entries()) {
      requests[step.connection].push(this.#update(workload, step, tokens[at]))
    }
    return requests
  }

  /** Listings that find nothing new, since every dataset is at `count`. */
  emptyListings({ identities, dataset, count, connections, perConnection }) {
    return Array.from({ length: connections }, (_, connection) =>
      Array.from({ length: perConnection }, (_, at) =>
        this.#list(identities[(connection + at * connections) % identities.length], dataset, count),
      ),
    )
  }

  /** The same listing again and again. */
  listings({ identity, dataset, times }) {
    return [Array.from({ length: times }, () => this.#list(identity, dataset, 0))]
  }

  #list(identity, dataset, since) {
    return this.#signers.get(identity).request({
      method: 'GET',
      port: this.#port,
      path: `${this.#datasetPath(identity, dataset)}/records`,
      query: `lastSyncCount=${since}`,
    })
  }

  #update(workload, step, token) {
    const RecordPatches = batchRows(workload, step).map(({ key, value, base }) => ({
      Op: 'replace',
      Key: key,
      Value: value,
      SyncCount: base,
      DeviceLastModifiedDate: DEVICE_TIME,
    }))
    return this.#signers.get(step.identity).request({
      method: 'POST',
      port: this.#port,
      path: this.#datasetPath(step.identity, workload.dataset),
      body: JSON.stringify({ RecordPatches, SyncSessionToken: token }),
      headers: { 'content-type': 'application/json' },
    })
  }

  #datasetPath(identity, dataset) {
    const [pool, id] = [this.#pool, identity].map(encodeURIComponent)
    return `/identitypools/${pool}/identities/${id}/datasets/${dataset}`
  }

  /** Sends requests in any order and hands over each answer. */
  async #each(requests, read) {
    if (requests.length === 0) return
    const connections = Math.min(PREPARING_CONNECTIONS, requests.length)
    const dealt = Array.from({ length: connections }, (_, connection) =>
      requests.filter((_, at) => at % connections === connection),
    )
    await drive(this.#port, dealt, (connection, at, body) => read(at * connections + connection, body))
  }
}

const DEVICE_TIME = 1_700_000_000
