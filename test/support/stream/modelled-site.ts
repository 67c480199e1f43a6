import { CognitoSync } from '@aws-sdk/client-cognito-sync'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Keyring } from '../../../apps/server/src/access/keyring.js'
import { recordsLinkKey } from '../../../apps/server/src/access/records-link.js'
import { readConfig } from '../../../apps/server/src/config/config.js'
import { createLog } from '../../../apps/server/src/ops/log.js'
import { SystemClock } from '../../../apps/server/src/runtime/clock.js'
import { createServer, type Server } from '../../../apps/server/src/serve.js'
import { MemoryDatabase } from '../../../apps/server/src/store/memory/memory-database.js'
import { memoryStores } from '../../../apps/server/src/store/memory/memory-stores.js'
import type { Stores } from '../../../apps/server/src/store/stores.js'
import { MemoryKafka } from '../../../apps/server/src/stream/testing/memory-kafka.js'
import { aPool, datasetOf, REGION, type adminOf, type Somebody } from '../a-pool.js'
import { eventually } from '../eventually.js'

const ADMIN = { accessKeyId: 'AKIASATCHELSATCHELXX', secretAccessKey: 'a/long+lived/secret/of/forty/characters0' }
const MASTER_KEY = Buffer.alloc(32, 7)
export const RoleArn = 'arn:aws:iam::000000000000:role/streams'
/** How long a test waits for what happens soon. */
export const WITHIN_MS = 10_000

/** A whole server over memory in this process, whose Kafka is a model. */
export class ModelledSite {
  readonly logged: string[] = []
  readonly clock = new SystemClock()
  readonly kafka = new MemoryKafka(this.clock)
  private readonly directory = mkdtempSync(join(tmpdir(), 'satchel-stream-'))
  private server: Server | null = null

  readonly stores: Stores

  constructor(database = new MemoryDatabase()) {
    const linkKey = recordsLinkKey(new Keyring([MASTER_KEY]), 7 * 86_400_000)
    this.stores = memoryStores(database, { relay: true, linkKey, publicUrl: () => this.server?.publicUrl ?? null })
  }

  async start(env: Readonly<Record<string, string>> = { SATCHEL_KAFKA_BROKERS: '127.0.0.1:9' }): Promise<void> {
    const config = readConfig({
      SATCHEL_PORT: '0',
      SATCHEL_DATA_DIR: this.directory,
      SATCHEL_DEMO: 'off',
      SATCHEL_MASTER_KEY: MASTER_KEY.toString('base64'),
      SATCHEL_ADMIN_ACCESS_KEY_ID: ADMIN.accessKeyId,
      SATCHEL_ADMIN_SECRET_ACCESS_KEY: ADMIN.secretAccessKey,
      ...env,
    })
    const log = createLog('info', { write: (line: string) => void this.logged.push(line) })
    const kafka = { openPublisher: this.kafka.open, topics: this.kafka }
    this.server = await createServer(config, {
      log,
      stores: this.stores,
      clock: this.clock,
      ...(env['SATCHEL_KAFKA_BROKERS'] === undefined ? {} : { kafka }),
    })
  }

  /** As the helpers of the tests know a server. */
  get running() {
    return { url: this.server!.url, admin: ADMIN } as Parameters<typeof adminOf>[0]
  }

  get welcome(): string {
    return this.server!.welcome
  }

  stop = (): Promise<void> => this.server!.close()

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** The messages of a topic, with their values read. */
  messages(topic: string) {
    return this.kafka.messages(topic).map(({ value, ...message }) => ({
      ...message,
      value: JSON.parse(value) as Record<string, unknown>,
    }))
  }
}

export const put = (Key: string, Value: string, SyncCount = 0) => ({ Op: 'replace', Key, Value, SyncCount }) as const

/** What a call was refused with. */
export const refusal = (call: Promise<unknown>): Promise<Error> =>
  call.then(
    () => Promise.reject(new Error('the call was not refused')),
    (fault: Error) => fault,
  )

/** A site for all tests of a file, with a pool of its own for each, and what they do with it again and again. */
export function onModelledSite() {
  let site: ModelledSite
  let sync: CognitoSync
  let pool: string
  let topics = 0

  async function start(): Promise<void> {
    await site.start()
    sync = new CognitoSync({ endpoint: site.running.url, region: REGION, credentials: ADMIN, maxAttempts: 1 })
  }

  beforeAll(async () => {
    site = new ModelledSite()
    await start()
  })
  afterAll(async () => {
    await site.stop()
    site.remove()
  })
  beforeEach(async () => {
    pool = await aPool(site.running)
  })

  /** A topic of its own for a test. */
  function aTopic(facts: Parameters<MemoryKafka['create']>[1] = {}): string {
    const topic = `changes-${++topics}`
    site.kafka.create(topic, facts)
    return topic
  }

  const enable = (StreamName: string, StreamingStatus: 'ENABLED' | 'DISABLED' = 'ENABLED') =>
    sync.setIdentityPoolConfiguration({
      IdentityPoolId: pool,
      CognitoStreams: { StreamName, RoleArn, StreamingStatus },
    })

  async function write(somebody: Somebody, ...RecordPatches: ReturnType<typeof put>[]) {
    const path = datasetOf(somebody)
    const { SyncSessionToken } = await somebody.sync.listRecords(path)
    return somebody.sync.updateRecords({ ...path, SyncSessionToken, RecordPatches })
  }

  /** Waits until a topic holds so many messages. */
  const arrived = (topic: string, count: number) =>
    eventually(async () => {
      expect(site.messages(topic)).toHaveLength(count)
      return Promise.resolve(site.messages(topic))
    }, WITHIN_MS)

  async function restart(): Promise<void> {
    await site.stop()
    await start()
  }

  return {
    aTopic,
    enable,
    write,
    arrived,
    restart,
    get site() {
      return site
    },
    /** The account's, of that site. */
    get sync() {
      return sync
    },
    get pool() {
      return pool
    },
  }
}
