import type { Keyring } from '../access/keyring.js'
import type { Config } from '../config/config.js'
import type { CommitFeed, OtherNodes } from '../datasets/commit-feed.js'
import { Recount, type RecountObserver } from '../datasets/recount.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import { within } from '../runtime/within.js'
import type { DatasetStore } from '../store/dataset-store.js'
import type { Departure } from './bus-message.js'
import type { BusObserver } from './bus-observer.js'
import { HintBus, type BusListener } from './hint-bus.js'
import { RedisWire } from './redis-wire.js'
import type { Wire } from './wire.js'

/** How long a start waits for other nodes to be heard. */
const START_MS_MAX = 1_000
/** How long an end waits for what is being looked up; a database that does not answer has its own time to end. */
const CLOSE_MS_MAX = 1_000

export type FanoutParts = Readonly<{
  config: Pick<Config, 'redis' | 'databaseUrl'>
  keyring: Keyring
  /** In place of the Redis that the settings name. */
  wire?: Wire
  feed: Pick<CommitFeed, 'watched' | 'standingsOf' | 'tellHere'>
  store: Pick<DatasetStore, 'readSeveral'>
  /** An identity or a pool ended at another node; it may have been long ago. */
  departed: (departure: Departure) => void
  /** Another node put rows into the outbox. */
  streamCommitted: () => void
  observer: BusObserver & RecountObserver
  clock: Clock
  random: Random
}>

/** What an operator sees of it at a glance. */
export type FanoutStanding = Readonly<{ redis: 'up' | 'away'; subscriptions: number }>

/**
 * How a node learns of what other nodes do: by hints through Redis, and where they do not arrive, by looking.
 *
 *     commit ──▶ CommitFeed ──▶ HintBus ──▶ Redis ──▶ HintBus of other nodes ──▶ their CommitFeed
 *                    ▲                                                               ▲
 *                 Recount: while Redis does not carry, and after it did not       Recount
 *
 * A server whose database is its own has neither.
 */
export class Fanout {
  private readonly bus: HintBus | null
  private readonly recount: Recount | null
  private readonly clock: Clock

  constructor(parts: FanoutParts) {
    const { config, wire, feed, store, observer, clock } = parts
    this.clock = clock
    const through = wire ?? (config.redis === null ? null : new RedisWire(config.redis, clock))
    const listener: BusListener = {
      changed: (change) => feed.tellHere([change]),
      departed: parts.departed,
      streamCommitted: parts.streamCommitted,
      missed: (identity) => this.recount?.look(identity),
    }
    this.bus = through === null ? null : new HintBus({ ...parts, wire: through, listener })
    const isNeeded = () => this.bus?.isUp !== true
    this.recount =
      this.bus === null && config.databaseUrl === null ? null : new Recount({ feed, store, isNeeded, observer, clock })
  }

  /** Other nodes as commits know them; null where nobody is told. */
  get nodes(): OtherNodes | null {
    return this.bus
  }

  get isUp(): boolean {
    return this.bus?.isUp === true
  }

  get subscribed(): number {
    return this.bus?.subscribed ?? 0
  }

  get underway(): number {
    return this.bus?.underway ?? 0
  }

  /** Begins to hear and to look. Waits a moment for Redis, and never fails because it is away. */
  async start(): Promise<void> {
    this.recount?.start()
    await this.bus?.start(START_MS_MAX)
  }

  /** To be called after the change is committed. */
  departed(departure: Departure): void {
    this.bus?.departed(departure)
  }

  /** To be called after a commit that put rows into the outbox. */
  streamCommitted(): void {
    this.bus?.streamCommitted()
  }

  /** null where there is no Redis. */
  standing(): FanoutStanding | null {
    return this.bus === null ? null : { redis: this.bus.isUp ? 'up' : 'away', subscriptions: this.bus.subscribed }
  }

  /** What deserves a word at start. */
  warnings(): readonly string[] {
    if (this.bus === null || this.bus.isUp) return []
    const reason = this.bus.lastFault?.message ?? 'no answer yet'
    return [
      `SATCHEL_REDIS_URL is set and Redis does not carry (${reason}): devices at other nodes hear of changes seconds later until it does.`,
    ]
  }

  /** Resolves within a second; to be called when nothing is committed any more and before the stores are closed. */
  async close(): Promise<void> {
    const ended = Promise.all([this.bus?.close(), this.recount?.stop()])
    await within(
      { clock: this.clock, ms: CLOSE_MS_MAX, late: () => undefined },
      ended.then(() => undefined),
    )
  }
}
