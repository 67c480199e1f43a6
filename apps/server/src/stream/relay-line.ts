import type { PlacedOutboxRow } from '../domain/outbox-row.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import type { OutboxStore } from '../store/outbox-store.js'
import { AcknowledgedRows } from './acknowledged-rows.js'
import { backOffMs } from '../runtime/back-off.js'
import { LinePace } from './line-pace.js'
import { LinePublisher } from './line-publisher.js'
import { LineTenures, type Tenures } from './line-tenures.js'
import { LineWindow, messageBytes, type Batch } from './line-window.js'
import type { Parking } from './parking.js'
import type { OpenPublisher, PublishOutcome } from './publisher.js'
import type { RelayBounds } from './relay-bounds.js'
import { rowMessage } from './row-message.js'
import type { Tenure } from './held-tenure.js'
import { StreamHolds } from './stream-holds.js'
import type { StreamObserver } from './stream-observer.js'

/**
 * Keeps the records of a row at this server and answers its payload with a link in their stead. For one row it answers the same payload, or one
 * that differs only in its link, however often it is asked.
 */
export type LinkRow = (row: PlacedOutboxRow) => Promise<string>

export type RelayLineParts = Readonly<{
  outbox: Pick<OutboxStore, 'unpublished' | 'markPublished'>
  openPublisher: OpenPublisher
  topicPrefix: string
  link: LinkRow
  parking: Pick<Parking, 'refused' | 'acknowledged'>
  clock: Clock
  random: Random
  bounds: RelayBounds
  observer: StreamObserver
}>

/** What the line needs of the leases. */
export type LineLeases = Readonly<{ renew: () => Promise<void>; giveUp: (tenure: Tenure) => void }>

/**
 * Publishes what waits in the shards that this process has, all of them together, one send at a time.
 *
 *                 ┌────── woken, or time to look; never sooner than the pace allows ───────┐
 *                 ▼                                                                        │
 *     begun ──▶ reading ──────────────── nothing that may be sent ────────────────────▶ resting
 *                 │ ▲
 *            rows │ │ window empty, and more may wait
 *                 ▼ │
 *              sending ── acknowledged ──▶ noted, marked soon ──▶ sending
 *                 │ └── too large ──▶ half as much, a single row as a link ──▶ sending
 *                 ├── unwritable ──▶ stream on hold (or parked), fresh publisher ──▶ sending what others have
 *                 └── unknown ──▶ stream on hold, fresh publisher, waiting ──▶ reading the same rows
 *
 *     any ── a shard is to be another relay's ──▶ a send ends, is marked; the other shards go on
 *     any ── a shard's tenure ends ──▶ its rows are dropped, neither sent nor marked; the other shards go on
 *     any ── finish ──▶ the send ends, is marked ──▶ over
 */
export class RelayLine {
  private readonly tenures: LineTenures
  private readonly window: LineWindow
  private readonly pace: LinePace
  private readonly acknowledged: AcknowledgedRows
  private readonly holds: StreamHolds
  private readonly publisher: LinePublisher
  /** Of the send that is under way. */
  private sending: Readonly<{ rows: number; under: Tenures; outcome: Promise<PublishOutcome> }> | null = null
  private failures = 0
  private going = true
  private wait: { readonly byWake: boolean; readonly end: () => void } | null = null

  constructor(
    private readonly parts: RelayLineParts,
    private readonly leases: LineLeases,
  ) {
    const { bounds, clock } = parts
    this.tenures = new LineTenures(bounds)
    this.window = new LineWindow(bounds)
    this.pace = new LinePace(clock, bounds)
    this.holds = new StreamHolds(parts)
    this.publisher = new LinePublisher(parts)
    this.acknowledged = new AcknowledgedRows({ ...parts, fenced: (tenure) => this.leases.giveUp(tenure) })
  }

  /** Works until {@link finish}; resolves when nothing of it is under way. Call it once. */
  async run(): Promise<void> {
    while (this.going) {
      try {
        await this.step()
      } catch (cause) {
        // What waits must not wait for a restart. The rows are where they were, and a fresh publisher knows nothing of what happened.
        this.parts.observer.defect(cause)
        this.publisher.giveUp()
        await this.pause(++this.failures)
      }
    }
    await this.acknowledged.settle()
    this.acknowledged.end()
    this.publisher.giveUp()
  }

  /** Takes a shard on. */
  begin(tenure: Tenure): void {
    this.tenures.begin(tenure)
    this.wake()
  }

  /** Begins nothing further under a tenure; resolves once what of it was under way has ended and, as far as it was acknowledged, is marked. */
  async leave(tenure: Tenure): Promise<void> {
    this.tenures.leave(tenure)
    this.window.dropShard(tenure.shard)
    // What was sent is noted in the turn in which its outcome is known, and before this goes on: the send itself was the first to wait for it.
    await this.sending?.outcome
    await this.acknowledged.settle()
  }

  /** A tenure is over: nothing further of its shard is sent or marked. */
  lose(tenure: Tenure): void {
    if (!this.tenures.end(tenure)) return
    this.window.dropShard(tenure.shard)
    this.acknowledged.drop(tenure)
    if (this.sending?.under.get(tenure.shard) === tenure) this.publisher.giveUp()
  }

  /** Rows of the send that is under way. */
  get sendingRows(): number {
    return this.sending?.rows ?? 0
  }

  /** Tells that rows may have come. Costs nothing while the line is at work. */
  wake(): void {
    this.pace.look()
    if (this.wait?.byWake === true) this.wait.end()
  }

  /** Tells that another process put rows in, and may go on to without a word. */
  wakeFromElsewhere(): void {
    this.pace.lookOften()
    this.wake()
  }

  /** Begins nothing further; what is under way ends and is marked. */
  finish(): void {
    this.going = false
    this.wait?.end()
  }

  private async step(): Promise<void> {
    const ready = this.tenures.ready()
    const batch = this.window.next((shard) => ready.has(shard))
    if (batch !== null) return this.send(batch, ready)
    if (ready.size === 0 && this.window.size > 0) return this.renew()
    if (ready.size === 0 || !this.pace.isLooking) return this.rest()
    const earlyMs = this.pace.earlyMs()
    if (earlyMs > 0) return this.waitFor(earlyMs, false)
    if (!(await this.read(ready))) return this.pause(++this.failures)
  }

  /** Reads from the first unpublished row on, always: a row that was committed late stands before others that are gone. False when the store failed. */
  private async read(ready: Tenures): Promise<boolean> {
    const { outbox, bounds, observer } = this.parts
    const { acknowledged, holds, tenures, pace } = this
    if (tenures.areFew(ready)) void this.leases.renew()
    if (acknowledged.size >= bounds.unmarkedRowsMax) await acknowledged.settle()
    if (acknowledged.size >= bounds.unmarkedRowsMax) return false
    pace.begins()
    try {
      const rows = await outbox.unpublished([...ready.keys()], {
        limit: Math.min(bounds.windowRowsMax, bounds.unmarkedRowsMax - acknowledged.size),
        bytesMax: bounds.windowBytesMax,
        without: { seqs: acknowledged.seqs(), streams: holds.names() },
      })
      this.window.take(rows.filter(({ shard }) => tenures.goesOn(ready, shard)))
      pace.found(rows)
      return true
    } catch (cause) {
      observer.failed('read', cause)
      pace.look()
      return false
    }
  }

  private async send(batch: Batch, ready: Tenures): Promise<void> {
    const { topicPrefix, clock, observer } = this.parts
    const { streamName, rows } = batch
    const messages = rows.map((row) => rowMessage(row, ready.get(row.shard)!.lease.epoch))
    // Nothing is awaited between this look at the clock and the send: the process may have been stopped for any time until here.
    const stillReady = this.tenures.ready()
    if (rows.some(({ shard }) => stillReady.get(shard) !== ready.get(shard))) return
    const startedAt = clock.elapsed()
    const sent = this.publisher.publish(topicPrefix + streamName, messages)
    this.sending = { rows: rows.length, under: ready, outcome: sent }
    const outcome = await sent
    this.sending = null
    observer.sent({ outcome, rows: rows.length, seconds: (clock.elapsed() - startedAt) / 1_000 })
    await this.settle(batch, ready, outcome)
  }

  private async settle(batch: Batch, sentUnder: Tenures, outcome: PublishOutcome): Promise<void> {
    const { parking, clock, observer } = this.parts
    const { streamName } = batch
    const rows = batch.rows.filter(({ shard }) => this.tenures.lasts(sentUnder, shard))
    switch (outcome.kind) {
      case 'acknowledged':
        this.failures = 0
        this.holds.end(streamName)
        parking.acknowledged(streamName)
        this.window.remove(batch)
        this.acknowledged.add(rows, (shard) => sentUnder.get(shard)!)
        return observer.published(rows, clock.now())
      case 'too-large':
        if (batch.rows.length > 1) return this.window.shrink(batch)
        if (!this.window.isLinked(batch.rows[0]!)) return this.sendAsLink(batch.rows[0]!)
        return this.refused(batch, 'one message is above its limit', messageBytes(batch.rows[0]!))
      case 'unwritable':
        this.publisher.giveUp()
        return this.refused(batch, outcome.reason, null)
      case 'unknown':
        this.publisher.giveUp()
        this.hold(streamName)
        return this.pause(++this.failures)
    }
  }

  private async sendAsLink(row: PlacedOutboxRow): Promise<void> {
    const { link, observer } = this.parts
    try {
      const payload = await link(row)
      this.window.replace({ ...row, payload })
      observer.linked(row)
    } catch (cause) {
      observer.failed('link', cause)
      await this.pause(++this.failures)
    }
  }

  /** Others go on while one stream's topic refuses. */
  private async refused({ streamName, rows }: Batch, reason: string, bytes: number | null): Promise<void> {
    const partition = Math.max(...rows.map((row) => row.partition))
    if (!(await this.parts.parking.refused({ streamName, reason, partition, bytes }))) return this.hold(streamName)
    this.holds.end(streamName)
    this.window.dropStream(streamName)
  }

  /** Its rows are read again once it may be tried again, so that until then, however many, they are in nobody's way. */
  private hold(streamName: string): void {
    this.holds.begin(streamName)
    this.window.dropStream(streamName)
    this.pace.look()
  }

  private async renew(): Promise<void> {
    await this.leases.renew()
    if (this.going && this.tenures.ready().size === 0) await this.pause(1)
  }

  private pause(failures: number): Promise<void> {
    return this.waitFor(backOffMs(failures, this.parts.random), false)
  }

  private async rest(): Promise<void> {
    await this.waitFor(Math.min(this.pace.restMs, this.holds.nextEndMs()), true)
    this.pace.rested()
  }

  private waitFor(ms: number, byWake: boolean): Promise<void> {
    if (!this.going) return Promise.resolve()
    return new Promise((resolve) => {
      const end = () => {
        cancel()
        this.wait = null
        resolve()
      }
      const cancel = this.parts.clock.after(Math.max(1, ms), end)
      this.wait = { byWake, end }
    })
  }
}
