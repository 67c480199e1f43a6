import type { Clock } from '../runtime/clock.js'
import type { LeaseStore } from '../store/lease-store.js'
import type { OutboxStore } from '../store/outbox-store.js'
import { BacklogGuard } from './backlog-guard.js'
import { Parking, type DisableStream } from './parking.js'
import { RELAY_BOUNDS, type RelayBounds } from './relay-bounds.js'
import { RelayLine, type RelayLineParts } from './relay-line.js'
import type { Tenure } from './held-tenure.js'
import { ShardLeases, type TenureListener } from './shard-leases.js'
import type { Topics } from './topics.js'
import { within } from '../runtime/within.js'

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
  Omit<RelayLineParts, 'outbox' | 'bounds' | 'parking'>

/**
 * Publishes what waits in the outbox: one {@link RelayLine} over all shards whose lease this process has. Everything is published at least once, each
 * dataset's changes in their order by first appearance (V20), whatever fails and whichever process stops, pauses or dies.
 */
export class Relay implements TenureListener {
  private readonly line: RelayLine
  private running: Promise<void> | null = null
  private readonly leases: ShardLeases
  private readonly guard: BacklogGuard
  private readonly clock: Clock
  private readonly stopMs: number
  private stopping: Promise<void> | null = null

  constructor(parts: RelayParts) {
    const { outbox, random, clock, observer, backlogRowsMax, disableAll, bounds = RELAY_BOUNDS } = parts
    this.clock = clock
    this.stopMs = bounds.stopMs
    this.line = new RelayLine(
      { ...parts, bounds, parking: new Parking(parts) },
      { renew: () => this.leases.renew(), giveUp: (tenure) => this.leases.giveUp(tenure) },
    )
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

  /** Changes that were sent and neither acknowledged nor given up yet. */
  get sendingRows(): number {
    return this.line.sendingRows
  }

  /** Whether what is committed in a shard is this process's to publish. */
  relays(shard: number): boolean {
    return this.leases.holds(shard)
  }

  start(): void {
    this.running ??= this.line.run()
    this.leases.start()
    this.guard.start()
  }

  /** To be called after a commit that put rows into the outbox, or that let a stream go on. */
  wake(): void {
    this.line.wake()
  }

  /** To be called when another process tells of such a commit. */
  wakeFromElsewhere(): void {
    this.line.wakeFromElsewhere()
  }

  /**
   * Begins nothing further, lets sends under way end, marks what they came to and gives the leases back; resolves within 7 seconds. Calling it again waits
   * for the same end.
   */
  stop(): Promise<void> {
    return (this.stopping ??= this.end())
  }

  began(tenure: Tenure): void {
    this.line.begin(tenure)
  }

  leave(tenure: Tenure): Promise<void> {
    return this.line.leave(tenure)
  }

  ended(tenure: Tenure): void {
    this.line.lose(tenure)
  }

  private async end(): Promise<void> {
    this.leases.halt()
    const guard = this.guard.stop()
    this.line.finish()
    await this.atMost(this.stopMs, Promise.all([guard, this.running]))
    await this.atMost(RELEASE_MS_MAX, this.leases.release())
  }

  /** Waits for the end of `work`, whatever it is, and no longer than `ms`. */
  private atMost(ms: number, work: Promise<unknown>): Promise<unknown> {
    return within(
      { clock: this.clock, ms, late: () => null },
      work.catch(() => null),
    )
  }
}
