import type { RunningServer } from './start-server.js'

// The SDK says at every load that it is in maintenance mode, which the tests know.
process.env['AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE'] = '1'
export const { default: AWS } = await import('aws-sdk')
// Adds itself to the SDK, as it does in the apps that use it.
// @ts-expect-error -- the package has no types
await import('amazon-cognito-js')

type Done<T> = (fault: Error | null, value: T) => void

type ManagedRecord = Readonly<{
  getKey(): string
  getValue(): string
  getSyncCount(): number
  isModified(): boolean
}>

export type Conflict = Readonly<{
  getKey(): string
  getRemoteRecord(): ManagedRecord
  getLocalRecord(): ManagedRecord
  resolveWithRemoteRecord(): ManagedRecord
  resolveWithLocalRecord(): ManagedRecord
  resolveWithValue(value: string): ManagedRecord
}>

/** What of amazon-cognito-js is used here; the package has no types. */
type ManagedDataset = Readonly<{
  put(key: string, value: string, done: Done<unknown>): void
  get(key: string, done: Done<string | undefined>): void
  remove(key: string, done: Done<unknown>): void
  putAll(values: Record<string, string>, done: Done<unknown>): void
  getAllRecords(done: Done<readonly ManagedRecord[]>): void
  getDatasetMetadata(done: Done<{ getLastSyncCount(): number }>): void
  resolve(records: readonly ManagedRecord[], done: Done<unknown>): void
  synchronize(callbacks: Record<string, (...given: never[]) => unknown>): void
}>

type Manager = Readonly<{ openOrCreateDataset(name: string, done: Done<ManagedDataset>): void }>

type ManagerClass = { new (options: object): Manager; StoreInMemory: unknown }

export type SyncOutcome =
  | Readonly<{ kind: 'synced' }>
  | Readonly<{ kind: 'failed'; message: string; deleted: boolean; merged: readonly string[] }>

/** Decides what becomes of conflicting records; null leaves them as they are, which fails the synchronization. */
export type Resolve = (conflicts: readonly Conflict[]) => readonly ManagedRecord[] | null

const told = <T>(ask: (done: Done<T>) => void): Promise<T> =>
  new Promise((resolve, reject) => ask((fault, value) => (fault === null ? resolve(value) : reject(fault))))

/** One dataset on one device, as the unmodified manager holds it. */
export class ManagedSettings {
  constructor(private readonly dataset: ManagedDataset) {}

  put = (key: string, value: string): Promise<unknown> => told((done) => this.dataset.put(key, value, done))
  get = (key: string): Promise<string | undefined> => told((done) => this.dataset.get(key, done))
  remove = (key: string): Promise<unknown> => told((done) => this.dataset.remove(key, done))
  putAll = (values: Record<string, string>): Promise<unknown> => told((done) => this.dataset.putAll(values, done))

  /** Everything the device holds, tombstones as empty texts, which is how this client shows them. */
  async all(): Promise<Record<string, string>> {
    const records = await told<readonly ManagedRecord[]>((done) => this.dataset.getAllRecords(done))
    return Object.fromEntries(records.map((record) => [record.getKey(), record.getValue()]))
  }

  async lastSyncCount(): Promise<number> {
    return (
      await told<{ getLastSyncCount(): number }>((done) => this.dataset.getDatasetMetadata(done))
    ).getLastSyncCount()
  }

  /** Synchronizes once, with the client's own bounded retries. */
  synchronize(resolve: Resolve = () => null): Promise<SyncOutcome> {
    let deleted = false
    let merged: readonly string[] = []
    return new Promise((settle) => {
      this.dataset.synchronize({
        onSuccess: () => settle({ kind: 'synced' }),
        onFailure: (fault: Error) => settle({ kind: 'failed', message: fault.message, deleted, merged }),
        onConflict: (dataset: ManagedDataset, conflicts: readonly Conflict[], goOn: (may: boolean) => void) => {
          const resolved = resolve(conflicts)
          if (resolved === null) goOn(false)
          else dataset.resolve(resolved, () => goOn(true))
        },
        onDatasetDeleted: (_dataset: ManagedDataset, _name: string, goOn: (may: boolean) => void) => {
          deleted = true
          goOn(false)
        },
        onDatasetsMerged: (_dataset: ManagedDataset, names: readonly string[], goOn: (may: boolean) => void) => {
          merged = names
          goOn(false)
        },
      })
    })
  }
}

/** A device of an app that uses AWS SDK v2 and amazon-cognito-js, unmodified and with a memory of its own. */
export class CognitoDevice {
  private constructor(
    readonly identity: string,
    private readonly manager: Manager,
  ) {}

  /** Gets credentials as such apps do; a new guest unless an identity is given. */
  static async open(
    server: RunningServer,
    params: Readonly<{ pool: string; identity?: string; logins?: Record<string, string>; roleArn?: string }>,
  ): Promise<CognitoDevice> {
    const endpoint = { endpoint: server.url }
    Object.assign(AWS.config, { region: 'us-east-1', cognitosync: endpoint, cognitoidentity: endpoint, sts: endpoint })
    const credentials = new AWS.CognitoIdentityCredentials({
      IdentityPoolId: params.pool,
      ...(params.identity === undefined ? {} : { IdentityId: params.identity }),
      ...(params.logins === undefined ? {} : { Logins: params.logins }),
      ...(params.roleArn === undefined ? {} : { RoleArn: params.roleArn }),
    })
    await credentials.getPromise()
    // The manager takes the global credentials at the moment it is made.
    AWS.config.credentials = credentials
    const { CognitoSyncManager } = AWS as unknown as { CognitoSyncManager: ManagerClass }
    return new CognitoDevice(
      credentials.identityId,
      new CognitoSyncManager({ DataStore: CognitoSyncManager.StoreInMemory }),
    )
  }

  async dataset(name: string): Promise<ManagedSettings> {
    return new ManagedSettings(await told<ManagedDataset>((done) => this.manager.openOrCreateDataset(name, done)))
  }
}
