import { openRecordsLink, recordsLink, type RecordsLinkKey } from '../access/records-link.js'
import type { Seal } from '../access/seal.js'
import type { Config } from '../config/config.js'
import type { IdentityId } from '@satchel/protocol'
import type { PoolConnections } from '../datasets/pool-connections.js'
import { shardOf } from '../domain/stream-place.js'
import { relinked } from '../domain/stream-record.js'
import { topicOf } from '../domain/topic-name.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import type { PlacedOutboxRow } from '../domain/outbox-row.js'
import type { Backlog } from '../store/outbox-store.js'
import type { Stores } from '../store/stores.js'
import { BacklogGuard } from './backlog-guard.js'
import { BulkPublisher, type BulkPublishObserver } from './bulk-publisher.js'
import { BulkPublishes } from './bulk-publishes.js'
import { followedObserver } from './followed-observer.js'
import { LinkedRecords } from './linked-records.js'
import type { OpenPublisher } from './publisher.js'
import { Relay } from './relay.js'
import type { StreamObserver } from './stream-observer.js'
import { StreamSettings, type StreamSettingsObserver } from './stream-settings.js'
import type { Topics } from './topics.js'

/** What the stream needs of a Kafka. */
export type KafkaPorts = Readonly<{ openPublisher: OpenPublisher; topics: Topics }>

export type ChangeStreamParts = Readonly<{
  config: Pick<Config, 'kafka' | 'stream'>
  /** null where the server has no brokers. */
  kafka: KafkaPorts | null
  stores: Pick<Stores, 'pools' | 'outbox' | 'leases' | 'bulkPublishes'>
  connections: PoolConnections
  seal: Seal
  linkKey: RecordsLinkKey
  /** Tells other nodes that there are rows in the outbox which this one does not publish; whether they hear of it or not. */
  tellNodes?: () => void
  publicUrl: () => string
  observers: Readonly<{ relay: StreamObserver; settings: StreamSettingsObserver; bulkPublishes: BulkPublishObserver }>
  clock: Clock
  random: Random
}>

/** What an operator sees of the stream at a glance. */
export type StreamStanding = Readonly<{
  /** Whether this process publishes. */
  relay: 'on' | 'off'
  /** Parts of the outbox that this process works on. */
  shards: number
  /** What waits, when that was last looked at; null before. */
  waitingRows: number | null
  /** How long the oldest of it has waited. */
  waitingSeconds: number | null
}>

const DAY_MS = 86_400_000

/**
 * All of the change stream that a server runs: the settings of pools, the relay, bulk publishes and the links.
 *
 *     commit ──▶ outbox ──▶ Relay ──▶ Kafka
 *                  ▲          │ cannot be written, too much waits
 *     BulkPublisher┘          ▼
 *     owner ──▶ StreamSettings: pools' streams on and off
 */
export class ChangeStream {
  readonly settings: StreamSettings
  readonly bulkPublishes: BulkPublishes
  readonly linkedRecords: LinkedRecords
  readonly bulkPublisher: BulkPublisher
  private readonly relay: Relay | null
  /** Where there is no relay, it alone bounds what waits. */
  private readonly guard: BacklogGuard | null
  private backlog: Backlog | null = null

  constructor(private readonly parts: ChangeStreamParts) {
    const { config, kafka, stores, connections, seal, observers, clock, random } = parts
    const topicPrefix = config.kafka?.topicPrefix ?? ''
    this.settings = new StreamSettings({
      connections,
      pools: stores.pools,
      outbox: stores.outbox,
      bulks: stores.bulkPublishes,
      kafka: kafka === null ? null : { topics: kafka.topics, topicPrefix },
      changeLogMs: config.stream.retentionDays * DAY_MS,
      clock,
      observer: observers.settings,
    })
    this.bulkPublisher = new BulkPublisher({
      store: stores.bulkPublishes,
      leases: stores.leases,
      connections,
      nameHolder: () => random.uuid(),
      clock,
      observer: observers.bulkPublishes,
      wakeRelay: () => {
        this.relay?.wake()
        parts.tellNodes?.()
      },
    })
    this.bulkPublishes = new BulkPublishes({
      store: stores.bulkPublishes,
      connections,
      hasKafka: kafka !== null,
      clock,
      begun: () => this.bulkPublisher.wake(),
    })
    this.linkedRecords = new LinkedRecords({
      eventOf: (token) => openRecordsLink(seal, token, clock.now()),
      outbox: stores.outbox,
    })
    const observer = this.observed(observers.relay)
    const disableAll = async (reason: string) => void (await this.settings.disable(null, reason))
    const { backlogRowsMax } = config.stream
    this.relay =
      kafka === null || !config.stream.relay
        ? null
        : new Relay({
            outbox: stores.outbox,
            leases: stores.leases,
            ...kafka,
            topicPrefix,
            link: (row) => this.link(row),
            disable: (streamName, reason) => this.disable(streamName, reason),
            disableAll,
            backlogRowsMax,
            clock,
            random,
            observer,
          })
    this.guard =
      this.relay === null
        ? new BacklogGuard({ outbox: stores.outbox, rowsMax: backlogRowsMax, disableAll, clock, observer })
        : null
  }

  /** Begins to publish; nothing waits for Kafka, and a Kafka that is away is tried again for ever (V62). */
  async start(): Promise<void> {
    this.relay?.start()
    this.guard?.start()
    if (this.parts.kafka !== null) this.bulkPublisher.start()
    await this.settings.enabled()
    // A crash between the two steps of parking must not leave a pool streaming into what is set aside.
    for (const { streamName, reason } of await this.parts.stores.outbox.parked()) {
      await this.settings.disable(streamName, reason)
    }
  }

  /**
   * To be called after every commit, with whom it was of; costs nothing while no pool streams (V65). What other nodes publish they are told of; they
   * find it by themselves a little later.
   */
  committed(identities: readonly IdentityId[]): void {
    if (!this.settings.mayStream) return
    const own = identities.filter((identity) => this.relay?.relays(shardOf(identity)) === true)
    if (own.length > 0) this.relay!.wake()
    if (own.length < identities.length) this.parts.tellNodes?.()
  }

  /** To be called when another node tells that there are rows in the outbox. */
  committedElsewhere(): void {
    this.settings.sawChanges()
    this.relay?.wakeFromElsewhere()
  }

  /** Ends what is under way and gives the leases back; resolves within 7 seconds. The stores have to be open still. */
  async stop(): Promise<void> {
    await Promise.all([this.relay?.stop(), this.guard?.stop(), this.bulkPublisher.stop()])
  }

  /** Parts of the outbox that this process publishes now. */
  get shardsHeld(): number {
    return this.relay?.shardsHeld ?? 0
  }

  /** Changes that this process sent and that are neither acknowledged nor given up yet. */
  get sendingRows(): number {
    return this.relay?.sendingRows ?? 0
  }

  /** null where the server has no Kafka. */
  standing(): StreamStanding | null {
    if (this.parts.kafka === null) return null
    const { backlog } = this
    const oldestAt = backlog?.oldestAt ?? null
    return {
      relay: this.relay === null ? 'off' : 'on',
      shards: this.shardsHeld,
      waitingRows: backlog?.rows ?? null,
      waitingSeconds: oldestAt === null ? null : Math.max(0, (this.parts.clock.now() - oldestAt) / 1_000),
    }
  }

  /** What deserves a word at start: pools that stream while nothing is published from here (V63). */
  async warnings(): Promise<readonly string[]> {
    const warnings: string[] = []
    const pools = await this.settings.enabled()
    const [first] = pools
    if (this.parts.kafka === null && first !== undefined) {
      warnings.push(
        `${pools.length} identity pool${pools.length === 1 ? '' : 's'} (${first.pool} the first) stream${pools.length === 1 ? 's' : ''} while SATCHEL_KAFKA_BROKERS is not set: ` +
          'changes are kept in the outbox until a server with brokers publishes them.',
      )
    }
    if (!this.parts.config.stream.relay) {
      warnings.push(
        'SATCHEL_STREAM_RELAY is off: this server publishes no changes itself, another relay has to read the outbox.',
      )
    }
    return warnings
  }

  private async disable(streamName: string, why: string): Promise<void> {
    const topic = topicOf(this.parts.config.kafka?.topicPrefix ?? '', streamName)
    await this.settings.disable(streamName, `topic "${topic}": ${why}`)
  }

  /** What the relay tells, and what has to follow from it. */
  private observed(told: StreamObserver): StreamObserver {
    return followedObserver(told, {
      published: () => this.settings.sawChanges(),
      waiting: (backlog) => {
        this.backlog = backlog
        if (backlog.rows > 0) this.settings.sawChanges()
      },
      // Its owner may have enabled it between the two steps of parking, and would wait for ever.
      parked: (streamName, reason) =>
        void this.disable(streamName, reason).catch((cause: unknown) => told.failed('disable', cause)),
    })
  }

  /** A row that its topic would not take: its records are kept here, and the payload says where. */
  private async link({ id, payload, createdAt }: PlacedOutboxRow): Promise<string> {
    const { linkKey, publicUrl, stores } = this.parts
    const made = relinked(payload, recordsLink(linkKey, { publicUrl: publicUrl(), eventId: id, at: createdAt }))
    if (made === null) return payload
    await stores.outbox.addLinkedRecords({ id, records: made.linked, createdAt })
    return made.payload
  }
}
