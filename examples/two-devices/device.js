// The SDK would say at every start that it is in maintenance mode.
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1'

const { default: AWS } = await import('aws-sdk')
// Adds AWS.CognitoSyncManager to the SDK.
await import('amazon-cognito-js')

/**
 * One device of a user: AWS SDK v2 and amazon-cognito-js exactly as they come from npm, with a local store of its own.
 * Only the callbacks are turned into promises here.
 */
export class Device {
  constructor(name, { credentials, manager }) {
    this.name = name
    this.identityId = credentials.identityId
    this.manager = manager
    this.client = new AWS.CognitoSync()
  }

  /** Gets credentials as a guest, a new one unless `identityId` is given. */
  static async open(name, { endpoint, pool, identityId }) {
    const at = { endpoint }
    Object.assign(AWS.config, { region: 'us-east-1', cognitosync: at, cognitoidentity: at, sts: at })
    const guest = identityId === undefined ? {} : { IdentityId: identityId }
    const credentials = new AWS.CognitoIdentityCredentials({ IdentityPoolId: pool, ...guest })
    await credentials.getPromise()
    AWS.config.credentials = credentials
    const DataStore = AWS.CognitoSyncManager.StoreInMemory
    return new Device(name, { credentials, manager: new AWS.CognitoSyncManager({ DataStore }) })
  }

  async dataset(name) {
    return new LocalDataset(await told((done) => this.manager.openOrCreateDataset(name, done)))
  }

  /** Where this user is, for calls below the manager. */
  get path() {
    return { IdentityPoolId: this.manager.identityPoolId, IdentityId: this.identityId }
  }
}

/** A dataset as one device holds it. */
class LocalDataset {
  constructor(dataset) {
    this.dataset = dataset
  }

  put(key, value) {
    return told((done) => this.dataset.put(key, value, done))
  }

  get(key) {
    return told((done) => this.dataset.get(key, done))
  }

  async all() {
    const records = await told((done) => this.dataset.getAllRecords(done))
    return new Map(records.map((record) => [record.getKey(), record.getValue()]))
  }

  /** Synchronizes; `onConflict` turns conflicts into the records to keep. Answers `synced` or `deleted elsewhere`. */
  synchronize(onConflict = () => null) {
    return new Promise((resolve, reject) => {
      let deleted = false
      this.dataset.synchronize({
        onSuccess: () => resolve('synced'),
        onFailure: (fault) => (deleted ? resolve('deleted elsewhere') : reject(fault)),
        onConflict: (dataset, conflicts, goOn) => {
          const kept = onConflict(conflicts)
          if (kept === null) goOn(false)
          else dataset.resolve(kept, () => goOn(true))
        },
        onDatasetDeleted: (_dataset, _name, goOn) => {
          deleted = true
          goOn(false)
        },
      })
    })
  }
}

const told = (ask) =>
  new Promise((resolve, reject) => ask((fault, value) => (fault === null ? resolve(value) : reject(fault))))
