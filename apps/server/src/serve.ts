import 'reflect-metadata'
import type { IdentityPoolId } from '@satchel/protocol'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { configWarnings, nodeWarnings } from './config/config-warnings.js'
import type { Config } from './config/config.js'
import type { KafkaConfig } from './config/kafka-config.js'
import { isLoopback, listenUrl } from './config/loopback.js'
import { Secrets } from './config/secrets.js'
import { createApp, type AppOptions } from './create-app.js'
import { Drain } from './drain.js'
import { guestPool } from './identity/guest-pool.js'
import { AdminListener } from './ops/admin-listener.js'
import { DEMO_PROVIDER } from './ops/demo-login.js'
import { createLog } from './ops/log.js'
import { Metrics } from './ops/metrics.js'
import { welcomeText } from './ops/welcome.js'
import { PublicUrl } from './public-url.js'
import { SystemClock, type Clock } from './runtime/clock.js'
import { SystemRandom, type Random } from './runtime/random.js'
import { createServices, type ServiceParts, type Services } from './services.js'
import type { StreamStorage } from './store/stream-storage.js'
import { DATABASE_FILE } from './store/database-file.js'
import type { Stores } from './store/stores.js'
import type { Say } from './store/typeorm/bring-up-to-date.js'
import { openSqliteStores } from './store/typeorm/open-sqlite-stores.js'
import { addressOf } from './store/typeorm/postgres/address-of.js'
import { linkKeyOf } from './stream/link-key.js'
import { openKafka } from './stream/kafka.js'
import { tellOfKafka } from './stream/tell-of-kafka.js'

const DEMO_POOL = 'demo'
/** Until then every connection is gone; what is left of the ten seconds (F18) is for the database. */
const STOP_MS_MAX = 9_000
const STREAM_NOT_STOPPED = 'the change stream did not stop cleanly; its leases end by themselves'

/** What tests put in place of the real thing. */
export type Overrides = Readonly<{ clock?: Clock; random?: Random; log?: Logger; stores?: Stores }> &
  Pick<AppOptions, 'patience'> &
  Pick<ServiceParts, 'guestRate' | 'makePrivateKey' | 'kafka' | 'wire'>

/** A server that listens. */
export type Server = Readonly<{
  /** Where it listens. */
  url: string
  /** How clients reach it. */
  publicUrl: string
  /** Health and metrics, when they have a port of their own. */
  adminUrl: string | null
  /** The id of the demo pool, when the demo is on. */
  demoPool: string | null
  /** For somebody who has just started it. */
  welcome: string
  /**
   * Takes no new work, answers what is running, stores what waits, and closes the database, within 10 seconds (F18).
   * Calling it again waits for the same end.
   */
  close(): Promise<void>
}>

type StoreSettings = Pick<
  Config,
  'dataDir' | 'databaseUrl' | 'databaseReplicaUrl' | 'databasePool' | 'databasePartitions'
>

/** The stores that the settings name. Rejects with a sentence when they cannot be used, as SQLite's while another process has them open. `say` is told what the start waits for. */
export async function openStores(
  {
    dataDir,
    databaseUrl: url,
    databaseReplicaUrl: replicaUrl,
    databasePool: connections,
    databasePartitions: partitions,
  }: StoreSettings,
  streams?: StreamStorage,
  say: Say = () => {},
): Promise<Stores> {
  if (url === null) return openSqliteStores(join(dataDir, DATABASE_FILE), streams, { say })
  // Its driver is loaded only where it is wanted.
  const { openPostgresStores } = await import('./store/typeorm/postgres/open-postgres-stores.js')
  const random = new SystemRandom()
  const { nodeName } = await import('./store/typeorm/postgres/node-name.js')
  const node = nodeName({ host: hostname(), process: process.pid, nonce: random.uuid().slice(0, 4) })
  const options = { url, replicaUrl, connections, partitions, node, clock: new SystemClock(), random, say }
  return openPostgresStores(options, streams)
}

/** Starts a server and resolves once it answers. Rejects when it cannot, and then leaves nothing open. */
export async function createServer(config: Config, overrides: Overrides = {}): Promise<Server> {
  const clock = overrides.clock ?? new SystemClock()
  const random = overrides.random ?? new SystemRandom()
  const log = overrides.log ?? createLog(config.logLevel)
  const secrets = Secrets.open(config, random)
  const publicUrl = new PublicUrl(config.publicUrl)
  const linkKey = linkKeyOf(config, secrets.keyring)
  const streams = { relay: config.stream.relay, linkKey, publicUrl: () => publicUrl.known() }
  const stores = overrides.stores ?? (await openStores(config, streams, (sentence) => log.warn(sentence)))
  const metrics = new Metrics(clock)
  const parts = { config, secrets, stores, metrics, log, clock, random }
  const services = createServices({ ...overrides, ...parts, publicUrl: () => publicUrl.current() })
  let drain: Drain | null = null
  let listens = false
  let admin: AdminListener | null = null
  const close = async () => {
    const begunAt = clock.elapsed()
    services.health.drain()
    // At once, as it needs its time too; what is committed from here on waits for the next relay.
    const streamStopped = services.stream.stop().catch((cause: unknown) => log.error({ cause }, STREAM_NOT_STOPPED))
    // Whoever sends requests here has to notice that it should not; until then they are answered.
    if (listens) await new Promise<void>((resolve) => clock.after(config.drainSeconds * 1_000, resolve))
    // Sockets first: Node counts them as open connections, and never ends them by itself.
    await services.live.drain()
    await drain?.run(STOP_MS_MAX - (clock.elapsed() - begunAt))
    await services.writes.drained()
    await services.fanout.close()
    await streamStopped
    await services.housekeeping.stop()
    services.identity.keys.stop()
    services.sharedSettings?.stop()
    services.absence.stop()
    await admin?.close()
    await stores.close()
  }

  try {
    await services.identity.keys.check()
    const heard = services.fanout.start()
    const demoPool = config.demo ? await demoPoolOf(services) : null
    const { patience } = overrides
    const app = await createApp({ config, services, metrics, log, clock, random, publicUrl, demoPool, patience })
    drain = new Drain(app, clock)
    const { port, adminPort, host } = config
    const listener: NetServer = app.getHttpServer()
    // At this very event, so that it is known before the first request.
    listener.once('listening', () => publicUrl.listensAt(urlOf(listener, host)))
    await app.listen(port, host)
    listens = config.drainSeconds > 0
    const url = urlOf(listener, host)
    if (adminPort !== null) admin = await AdminListener.listen({ host, port: adminPort }, services.opsPages)
    startBackground({ services, metrics, log })
    await heard
    if (config.kafka !== null && overrides.kafka === undefined) sayOfKafka(config.kafka, { clock, log })

    const listening = { url, publicUrl: publicUrl.current(), adminUrl: admin?.url ?? null }
    log.info({ ...listening, demoPool, adminFile: secrets.adminFile }, 'listening')
    const welcome = welcomeText({
      listenUrl: url,
      ...listening,
      region: config.region,
      dataDir: config.dataDir,
      database: config.databaseUrl === null ? null : addressOf(config.databaseUrl),
      adminFile: secrets.adminFile,
      demoPool,
      loopback: isLoopback(host),
      warnings: [
        ...secrets.warnings,
        ...configWarnings(config),
        ...services.fanout.warnings(),
        ...(stores.warnings ?? []),
        ...(await services.stream.warnings()),
        ...nodeWarnings(process.versions.node),
      ],
    })
    return { ...listening, demoPool, welcome, close: once(close) }
  } catch (cause) {
    await close().catch((fault: unknown) => log.error({ cause: fault }, 'what was opened could not be closed'))
    throw cause
  }
}

const urlOf = (listener: NetServer, host: string): string => listenUrl(host, (listener.address() as AddressInfo).port)

/** The demo pool's id; the pool is made where there is none, and its users' provider where it has none. */
async function demoPoolOf({ identity: { pools }, place }: Services): Promise<IdentityPoolId> {
  const { pool, settings } = await pools.ensure(DEMO_POOL, guestPool(DEMO_POOL, place))
  if (settings.developerProvider === null) await pools.update(pool, { ...settings, developerProvider: DEMO_PROVIDER })
  return pool
}

/** What nobody waits for. */
function startBackground({
  services,
  metrics,
  log,
}: Pick<ServiceParts, 'metrics' | 'log'> & { services: Services }): void {
  services.housekeeping.start()
  services.sharedSettings?.start()
  services.stream.start().catch((cause: unknown) => log.error({ cause }, 'the streams of pools could not be looked at'))
  metrics.watchProcess().catch((cause: unknown) => log.error({ cause }, 'the process cannot be watched'))
  services.identity.keys.watch()
  services.identity.keys.prepare().catch((cause: unknown) => {
    // They are read again when one is wanted.
    if (!services.absence.explains(cause)) log.error({ cause }, 'the signing keys of OpenID tokens cannot be used')
  })
}

/** Asked once, beside the start and not before it. */
function sayOfKafka(config: KafkaConfig, { clock, log }: Pick<ServiceParts, 'clock' | 'log'>): void {
  const { topics } = openKafka(config, { clock, log: (facts, message) => log.debug(facts, message) })
  tellOfKafka(config, topics, log).catch((cause: unknown) => log.error({ cause }, 'Kafka could not be asked'))
}

function once(work: () => Promise<void>): () => Promise<void> {
  let begun: Promise<void> | null = null
  return () => (begun ??= work())
}
