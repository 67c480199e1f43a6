import { pino } from 'pino'
import {
  AWS_LIMITS,
  PROTOCOL_VERSION,
  type DatasetName,
  type DatasetPath,
  type Hello,
  type IdentityId,
  type Limits,
  type WireError,
} from '@satchel/protocol'
import { Keyring } from '../../../apps/server/src/access/keyring.js'
import { readConfig, type Config } from '../../../apps/server/src/config/config.js'
import type { Metrics } from '../../../apps/server/src/ops/metrics.js'
import { Refusal } from '../../../apps/server/src/refusal.js'
import { createServices, type Services } from '../../../apps/server/src/services.js'
import { MemoryDatabase } from '../../../apps/server/src/store/memory/memory-database.js'
import { MemoryDatasetStore } from '../../../apps/server/src/store/memory/memory-dataset-store.js'
import { memoryStores } from '../../../apps/server/src/store/memory/memory-stores.js'
import { datasetKey } from '../../../apps/server/src/domain/working-set.js'
import type { Chance } from './chance.js'
import { FaultyStore, type StoreFaults } from './faulty-store.js'
import { Life } from './life.js'
import { NodeClock } from './node-clock.js'
import { POOL } from './pool.js'
import { ServerLog } from './server-log.js'
import { expired, SimSocket, type SocketListener } from './sim-socket.js'
import type { Situations } from './situations.js'
import type { VirtualTime } from './virtual-time.js'

export type Opened = Readonly<{ socket: SimSocket; hello: Hello }> | Readonly<{ error: WireError }>

type Backup = Readonly<{ database: MemoryDatabase; logLength: number }>

const silent = pino({ level: 'silent' })

/** Measuring needs real time, and nothing here asks. */
/** Whatever is measured goes nowhere, and so does what is measured of that. */
const unmeasured: Metrics = new Proxy({} as Metrics, {
  get: (_, name) => (name === 'then' ? undefined : () => unmeasured),
})
const config = readConfig({ SATCHEL_DATA_DIR: '.cache/simulation' })

/** The product's own server core, over stores in memory that outlive it, as processes that come and go. */
export class SimServer {
  readonly log = new ServerLog()
  readonly faults: StoreFaults = { latencyMsMax: 3, failed: 0, unknown: 0 }
  /** How far its clock is off. */
  skewMs = 0
  private database = new MemoryDatabase()
  private process: Readonly<{ services: Services; life: Life; store: FaultyStore }> | null = null
  private backup: Backup | null = null
  private readonly sockets = new Set<SimSocket>()

  constructor(
    readonly time: VirtualTime,
    private readonly chance: Chance,
    private readonly situations: Situations,
    readonly limits: Limits = AWS_LIMITS,
    private readonly tokenLifeMs = 3_600_000,
  ) {
    const nothing = { settings: '{}', roles: '{}', syncSettings: '{}', streamTarget: null, createdAt: 0, modifiedAt: 0 }
    this.database.pools.set(POOL, { name: 'simulated', ...nothing })
  }

  get isUp(): boolean {
    return this.process !== null
  }

  /** A transaction has begun and is not stored yet. */
  get isCommitting(): boolean {
    return this.process?.store.isCommitting ?? false
  }

  get services(): Services {
    if (this.process === null) throw new Error('the simulated server is down')
    return this.process.services
  }

  get clock(): NodeClock {
    return new NodeClock(this.time, this.process?.life ?? new Life('nobody'), () => this.skewMs)
  }

  addIdentity(): IdentityId {
    const identity = `us-east-1:${this.chance.uuid()}` as IdentityId
    this.database.identities.set(identity, { pool: POOL, createdAt: 0, modifiedAt: 0, disabledAt: null })
    return identity
  }

  tokenFor(identity: IdentityId): string {
    return `${identity}|${this.clock.now() + this.tokenLifeMs}`
  }

  start(): void {
    if (this.process !== null) return
    const life = new Life('server')
    const clock = new NodeClock(this.time, life, () => this.skewMs)
    const { time, chance, situations, faults, log } = this
    const store = new FaultyStore({ time, chance, situations, faults, log, life, database: () => this.database })
    const services = createServices({
      config: { ...config, limits: this.limits } satisfies Config,
      secrets: {
        keyring: new Keyring([Buffer.alloc(32, 7)]),
        admin: { accessKeyId: 'AKIASIMULATED', secretAccessKey: 'simulated' },
      },
      stores: { ...memoryStores(this.database), datasets: store.store },
      metrics: unmeasured,
      log: silent,
      clock,
      random: this.chance.stream(`process ${this.time.events}`),
      publicUrl: () => 'http://simulated.invalid',
    })
    this.process = { services, life, store }
  }

  /** As by SIGKILL: the queue is gone; a commit under way is stored or not. */
  kill(): void {
    if (this.process === null) return
    const { life, store } = this.process
    life.end()
    this.process = null
    store.crash()
    for (const socket of [...this.sockets]) socket.close()
  }

  takeBackup(): void {
    this.backup = { database: structuredCloneOf(this.database), logLength: this.log.entries.length }
  }

  /**
   * Puts the backup in the place of what is there, and begins a new epoch, as an operator does with `--new-epoch`. Only while
   * the server is down.
   */
  restoreBackup(): boolean {
    if (this.backup === null || this.isUp) return false
    if (this.backup.logLength < this.log.entries.length) this.situations.count('server rewound')
    const { identities } = this.database
    this.database = structuredCloneOf(this.backup.database)
    for (const [identity, row] of identities) this.database.identities.set(identity, row)
    void new MemoryDatasetStore(this.database).beginEpoch(this.clock.now())
    this.log.rewind(this.backup.logLength)
    return true
  }

  /** Forgets every tombstone that is older than some age, as housekeeping does. */
  async collectTombstones(olderThanMs: number): Promise<number> {
    const before = tombstonesOf(this.database)
    const store = new MemoryDatasetStore(this.database)
    const collected = await store.collectTombstones({ before: this.clock.now() - olderThanMs, limit: 1_000_000 })
    const after = tombstonesOf(this.database)
    for (const [path, keys] of before) {
      const gone = keys.filter((key) => !(after.get(path) ?? []).includes(key))
      const [identity, dataset] = path.split('\n') as [IdentityId, DatasetName]
      if (gone.length > 0) this.log.entries.push({ kind: 'collected', identity, dataset, keys: gone })
    }
    return collected
  }

  /** Every dataset that ever was. */
  paths(): readonly DatasetPath[] {
    return [...this.database.datasets].flatMap(([identity, byName]) =>
      [...byName.keys()].map((dataset) => ({ pool: POOL, identity, dataset })),
    )
  }

  /** A dataset as it is stored, without asking anybody. */
  held({ identity, dataset }: Pick<DatasetPath, 'identity' | 'dataset'>) {
    return {
      dataset: this.database.datasets.get(identity)?.get(dataset),
      records: [...(this.database.records.get(datasetKey({ identity, dataset }))?.values() ?? [])],
    }
  }

  connect(token: string, listener: SocketListener): Opened {
    const [identity = '', ends = '0'] = token.split('|')
    const expiresAt = Number(ends)
    if (!this.database.identities.has(identity as IdentityId)) {
      return { error: { code: 'NotAuthorized', message: 'simulated: no such identity', retryAfterMs: null } }
    }
    if (expiresAt <= this.clock.now()) return { error: expired }
    const socket = new SimSocket(this, identity as IdentityId, listener)
    this.sockets.add(socket)
    socket.lives(expiresAt)
    return { socket, hello: this.helloFor(identity as IdentityId, expiresAt) }
  }

  helloFor(identity: IdentityId, expiresAt: number): Hello {
    const serverTime = this.clock.now()
    return { protocol: PROTOCOL_VERSION, pool: POOL, identity, expiresAt, serverTime, limits: this.limits }
  }

  forget(socket: SimSocket): void {
    this.sockets.delete(socket)
  }

  /** What a refused request is told; null where nobody answers any more. */
  wireErrorOf(fault: unknown): WireError | null {
    if (fault instanceof Refusal) {
      const retryAfterMs = fault.retryAfterSeconds === undefined ? null : fault.retryAfterSeconds * 1_000
      return { code: fault.code, message: fault.message, retryAfterMs }
    }
    throw fault
  }
}

function structuredCloneOf(database: MemoryDatabase): MemoryDatabase {
  return Object.assign(new MemoryDatabase(), structuredClone({ ...database }))
}

const tombstonesOf = ({ records }: MemoryDatabase) =>
  new Map(
    [...records].map(([path, byKey]) => [
      path,
      [...byKey.values()].filter(({ value }) => value === null).map(({ key }) => key),
    ]),
  )
