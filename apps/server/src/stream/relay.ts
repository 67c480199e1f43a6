import { SHARDS } from '../domain/outbox-row.js'
import type { Clock } from '../runtime/clock.js'
import type { LeaseStore } from '../store/lease-store.js'
import type { OutboxStore } from '../store/outbox-store.js'
import { BacklogGuard } from './backlog-guard.js'
import { Parking, type DisableStream } from './parking.js'
import { RELAY_BOUNDS, type RelayBounds } from './relay-bounds.js'
import { ShardLeases, type Tenure, type TenureListener } from './shard-leases.js'
import { ShardRelay, type ShardRelayParts } from './shard-relay.js'
import type { Topics } from './topics.js'

/** How long giving the leases back may take when the server stops; they end by themselves otherwise. */
const RELEASE_MS_MAX = 1_000

export type RelayParts = Readonly<{
  outbox: OutboxStore
  leases: LeaseStore
  topics: Topics
  disable: DisableStream
  disableAll: (reason: string) => Promise<void>
  backlogRowsMax: number
  bounds?: RelayBounds
}> &
  Omit<ShardRelayParts, 'outbox' | 'bounds' | 'parking'>

/**
 * Publishes what waits in the outbox: one {@link ShardRelay} for each shard whose lease this process has. Everything is published at least once, each
 * dataset's changes in their order by first appearance (V20), whatever fails and whichever process stops, pauses or dies.
 */
export class Relay implements TenureListener {
  private readonly shardRelays = new Map<Tenure, ShardRelay>()
  private readonly running = new Set<Promise<void>>()
  private readonly shards: ShardRelayParts & Readonly<{ parking: Parking }>
  private readonly leases: ShardLeases
  private readonly guard: BacklogGuard
  private readonly clock: Clock
  private stopping: Promise<void> | null = null

  constructor(parts: RelayParts) {
    const { outbox, random, clock, observer, backlogRowsMax, disableAll, bounds = RELAY_BOUNDS } = parts
    this.clock = clock
    this.shards = { ...parts, bounds, parking: new Parking(parts) }
    this.leases = new ShardLeases({
      store: parts.leases,
      clock,
      holder: random.uuid(),
      listener: this,
      observer,
    })
    this.guard = new BacklogGuard({ outbox, rowsMax: backlogRowsMax, disableAll, clock, observer })
  }

  /** Shards that this process relays now. */
  get shardsHeld(): number {
    return this.leases.held
  }

  start(): void {
    this.leases.start()
    this.guard.start()
  }

  /** To be called after a commit that put rows into the outbox, or that let a stream go on; with the shard, where it is one that is known. */
  wake(shard?: number): void {
    if (shard !== undefined && (shard < 0 || shard >= SHARDS)) throw new RangeError(`there is no shard ${shard}`)
    for (const [tenure, relay] of this.shardRelays) if (shard === undefined || tenure.shard === shard) relay.wake()
  }

  /**
   * Begins nothing further, lets sends under way end, marks what they came to and gives the leases back; resolves within 7 seconds. Calling it again waits
   * for the same end.
   */
  stop(): Promise<void> {
    return (this.stopping ??= this.end())
  }

  began(tenure: Tenure): void {
    const relay = this.newShardRelay(tenure)
    this.shardRelays.set(tenure, relay)
    const run = relay.run().finally(() => this.running.delete(run))
    this.running.add(run)
  }

  ended(tenure: Tenure): void {
    this.shardRelays.get(tenure)?.abandon()
    this.shardRelays.delete(tenure)
    this.shards.parking.forget(tenure.shard)
  }

  private newShardRelay(tenure: Tenure): ShardRelay {
    return new ShardRelay(this.shards, tenure, {
      renew: () => this.leases.renew(),
      giveUp: (gone) => this.leases.giveUp(gone),
    })
  }

  private async end(): Promise<void> {
    this.leases.halt()
    const guard = this.guard.stop()
    for (const relay of this.shardRelays.values()) relay.finish()
    await this.within(this.shards.bounds.stopMs, Promise.all([guard, ...this.running]))
    await this.within(RELEASE_MS_MAX, this.leases.release())
  }

  private within(ms: number, work: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.clock.after(ms, resolve)
      const end = () => {
        cancel()
        resolve()
      }
      work.then(end, end)
    })
  }
}
