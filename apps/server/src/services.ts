import type { IdentityId } from '@satchel/protocol'
import type { Logger } from 'pino'
import { GatheredStanding } from './access/gathered-standing.js'
import { CachedStanding } from './access/identity-standing.js'
import type { Keyring } from './access/keyring.js'
import { Seal } from './access/seal.js'
import { TemporaryCredentials } from './access/temporary-credentials.js'
import { CallerVerifier } from './access/verify-caller.js'
import type { AdminCredentials, Config } from './config/config.js'
import { markOf } from './config/shared-settings.js'
import { CommitFeed } from './datasets/commit-feed.js'
import { Datasets } from './datasets/datasets.js'
import { Directory } from './datasets/directory.js'
import { Exchange } from './datasets/exchange.js'
import { Housekeeping, HOUSEKEEPING_LEASE } from './datasets/housekeeping.js'
import { NodeTurn } from './datasets/node-turn.js'
import { PoolConnections } from './datasets/pool-connections.js'
import { SessionCount } from './datasets/session-count.js'
import { SyncSessions } from './datasets/sync-session.js'
import { QUEUE_BOUNDS, WriteQueue } from './datasets/write-queue.js'
import { Fanout } from './fanout/fanout.js'
import type { Wire } from './fanout/wire.js'
import { createIdentityService, type IdentityParts, type IdentityService } from './identity/identity-service.js'
import type { Place } from './identity/place.js'
import { Live } from './live/live.js'
import { BulkPublishWatch } from './ops/bulk-publish-watch.js'
import { FanoutWatch } from './ops/fanout-watch.js'
import { Health } from './ops/health.js'
import { LiveWatch } from './ops/live-watch.js'
import type { Metrics } from './ops/metrics.js'
import { OpsPages } from './ops/ops-pages.js'
import { SharedSettingsWatch } from './ops/shared-settings-watch.js'
import { SigningKeysWatch } from './ops/signing-keys-watch.js'
import { HousekeepingWatch, QueueWatch } from './ops/store-watch.js'
import { StoreAbsence } from './ops/store-absence.js'
import { StreamSettingsWatch } from './ops/stream-settings-watch.js'
import { StreamWatch } from './ops/stream-watch.js'
import type { Clock } from './runtime/clock.js'
import type { Random } from './runtime/random.js'
import type { Stores } from './store/stores.js'
import { ChangeStream, type KafkaPorts } from './stream/change-stream.js'
import { openKafka } from './stream/kafka.js'
import { linkKeyOf } from './stream/link-key.js'

export type ServiceParts = Readonly<{
  config: Config
  secrets: Readonly<{ keyring: Keyring; admin: AdminCredentials }>
  stores: Stores
  /** In place of the Kafka that the settings name. */
  kafka?: KafkaPorts
  /** In place of the Redis that the settings name. */
  wire?: Wire
  metrics: Metrics
  log: Logger
  clock: Clock
  random: Random
  /** How clients reach the server; known only once it listens. */
  publicUrl: () => string
}> &
  Pick<IdentityParts, 'guestRate' | 'makePrivateKey'>

/** Everything that works behind the faces. */
export type Services = Readonly<{
  place: Place
  verifier: CallerVerifier
  datasets: Datasets
  exchange: Exchange
  /** Tells of every commit, whichever face it came by. */
  feed: CommitFeed
  /** Other nodes: what they tell, and are told. */
  fanout: Fanout
  live: Live
  directory: Directory
  connections: PoolConnections
  stream: ChangeStream
  identity: IdentityService
  writes: WriteQueue
  housekeeping: Housekeeping
  /** What work in the background met of a store that does not answer. */
  absence: StoreAbsence
  /** null where no other node can be. */
  sharedSettings: SharedSettingsWatch | null
  health: Health
  opsPages: OpsPages
}>

/** Puts the plain classes together; nothing here runs yet. */
export function createServices(parts: ServiceParts): Services {
  const { config, secrets, stores, metrics, log, clock, random } = parts
  const place: Place = { region: config.region, accountId: config.accountId }
  const seal = new Seal(secrets.keyring)
  const credentials = new TemporaryCredentials({ keyring: secrets.keyring, seal, clock, random })
  const { keyring, admin } = secrets
  const mark = () => markOf({ config, keyring, admin, publicUrl: parts.publicUrl() })
  const identityStanding = new CachedStanding({
    source: new GatheredStanding({ source: stores.identities, clock }),
    clock,
  })

  const bounds = { ...QUEUE_BOUNDS, ...config.queue }
  const absence = new StoreAbsence({ probe: stores.probe, log, clock })
  const observer = new QueueWatch({ metrics, log, absence })
  const listenerFailed = (cause: unknown) => log.error({ cause }, 'a listener of the commit feed failed')
  const feed = new CommitFeed({ listenerFailed }, () => fanout.nodes)
  const committed = (identities: readonly IdentityId[]) => stream.committed(identities)
  const { limits } = config
  const writes = new WriteQueue({ store: stores.datasets, limits, clock, bounds, observer, feed, committed })
  const sessions = new SyncSessions({ seal, clock, random })
  const opened = new SessionCount(stores.datasets)
  const queue = () => ({ depth: writes.depth, bytes: writes.bytes })
  const connections = new PoolConnections(stores.pools)
  const stream: ChangeStream = createChangeStream(parts, {
    connections,
    seal,
    absence,
    tellNodes: () => fanout.streamCommitted(),
  })
  const standing = () => stream.standing()
  const busy = () => ({
    database: [...(stores.connections?.() ?? [])].some(([, { isBusy }]) => isBusy),
    queue: writes.isBusy,
  })
  const health = new Health({
    probe: stores.probe,
    queue,
    bounds: config.queue,
    busy,
    clock,
    stream: standing,
    fanout: () => fanout.standing(),
  })
  if (stores.listings !== undefined) metrics.watchListings(stores.listings)
  if (stores.connections !== undefined) metrics.watchConnections(stores.connections)
  metrics.watchQueue(queue)
  metrics.watchStore(stores.figures)

  const exchange = new Exchange({ store: stores.datasets, writes, seal, clock })
  const live: Live = new Live({
    exchange,
    feed,
    bearers: () => identity.bearers,
    limits: config.limits,
    observer: new LiveWatch({ metrics, log }),
    clock,
    random,
  })
  metrics.watchSockets(() => live.sockets.size)
  const fanoutMetrics = metrics.addFanout()
  const fanout: Fanout = new Fanout({
    config,
    keyring: secrets.keyring,
    ...(parts.wire === undefined ? {} : { wire: parts.wire }),
    feed,
    store: stores.datasets,
    departed: (departure) => {
      if (departure.kind === 'identity-gone') identityStanding.forget(departure.identity)
      else identityStanding.forgetPool(departure.pool)
      live.sockets.recheck(departure)
    },
    streamCommitted: () => stream.committedElsewhere(),
    observer: new FanoutWatch({ metrics: fanoutMetrics, log, clock, absence }),
    clock,
    random,
  })
  fanoutMetrics.watch({
    isUp: () => fanout.isUp,
    subscribed: () => fanout.subscribed,
    underway: () => fanout.underway,
  })
  const identity: IdentityService = createIdentityService({
    stores,
    credentials,
    keyring: secrets.keyring,
    seal,
    place,
    issuer: parts.publicUrl,
    departures: {
      onIdentityGone: [
        (gone) => identityStanding.forget(gone),
        (gone) => live.sockets.endIdentity(gone),
        (gone) => fanout.departed({ kind: 'identity-gone', identity: gone }),
      ],
      onPoolGone: [
        (pool) => identityStanding.forgetPool(pool),
        (pool) => live.sockets.endPool(pool),
        (pool) => fanout.departed({ kind: 'pool-gone', pool }),
      ],
    },
    keysObserver: new SigningKeysWatch({ log, absence }),
    clock,
    random,
    ...(parts.guestRate === undefined ? {} : { guestRate: parts.guestRate }),
    ...(parts.makePrivateKey === undefined ? {} : { makePrivateKey: parts.makePrivateKey }),
  })

  return {
    place,
    verifier: new CallerVerifier({
      account: secrets.admin,
      accountId: config.accountId,
      region: config.region,
      temporaryCredentials: credentials,
      standing: identityStanding,
      clock,
    }),
    datasets: new Datasets({ store: stores.datasets, writes, sessions, opened, seal, clock, limits: config.limits }),
    exchange,
    feed,
    fanout,
    live,
    directory: new Directory(stores),
    connections,
    stream,
    identity,
    writes,
    housekeeping: new Housekeeping({
      store: stores.datasets,
      outbox: stores.outbox,
      forgetSigningKeys: () => identity.keys.forgetEnded(),
      sessions,
      opened,
      clock,
      tombstoneDays: config.tombstoneDays,
      streamRetentionDays: config.stream.retentionDays,
      turn: new NodeTurn({ leases: stores.leases, name: HOUSEKEEPING_LEASE, nameHolder: () => random.uuid(), clock }),
      observer: new HousekeepingWatch({ metrics, log, absence }),
    }),
    absence,
    sharedSettings:
      config.databaseUrl === null
        ? null
        : new SharedSettingsWatch({ leases: stores.leases, mark, log, absence, clock }),
    health,
    opsPages: new OpsPages({ health, metrics }),
  }
}

/** The stream over the Kafka that the settings name, or none. */
function createChangeStream(
  { config, secrets, stores, publicUrl, metrics, log, clock, random, kafka }: ServiceParts,
  {
    connections,
    seal,
    absence,
    tellNodes,
  }: Readonly<{ connections: PoolConnections; seal: Seal; absence: StoreAbsence; tellNodes: () => void }>,
): ChangeStream {
  const clientLog = (facts: object, message: string) => log.debug(facts, message)
  const opened = kafka ?? (config.kafka === null ? null : openKafka(config.kafka, { clock, log: clientLog }))
  const watch = new StreamWatch({ metrics: metrics.addStream(), log, clock, absence })
  const stream = new ChangeStream({
    config,
    kafka: opened,
    stores,
    connections,
    seal,
    linkKey: linkKeyOf(config, secrets.keyring),
    tellNodes,
    publicUrl,
    observers: {
      relay: watch,
      settings: new StreamSettingsWatch(log),
      bulkPublishes: new BulkPublishWatch({ metrics, log, absence }),
    },
    clock,
    random,
  })
  watch.watch({
    shardsHeld: () => stream.shardsHeld,
    sendingRows: () => stream.sendingRows,
    parked: () => stores.outbox.parked().then((streams) => streams.length),
  })
  metrics.watchBulkPublishes(() => stream.bulkPublisher.underway)
  return stream
}
