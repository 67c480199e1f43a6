import type { PlacedOutboxRow } from '../domain/outbox-row.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import type { OutboxStore } from '../store/outbox-store.js'
import { AcknowledgedRows } from './acknowledged-rows.js'
import { BACK_OFF_MS_MAX, backOffMs } from './back-off.js'
import type { Parking } from './parking.js'
import type { OpenPublisher, Publisher, PublishOutcome } from './publisher.js'
import type { RelayBounds } from './relay-bounds.js'
import { rowMessage } from './row-message.js'
import type { Tenure } from './shard-leases.js'
import { messageBytes, ShardWindow, type Batch } from './shard-window.js'
import type { StreamObserver } from './stream-observer.js'

/**
 * Keeps the records of a row at this server and answers its payload with a link in their stead. For one row it answers the same payload, or one
 * that differs only in its link, however often it is asked.
 */
export type LinkRow = (row: PlacedOutboxRow) => Promise<string>

export type ShardRelayParts = Readonly<{
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

/**
 * Publishes what waits in one shard for as long as one tenure lasts, one send at a time.
 *
 *                 ┌────────── woken, or time to look ───────────┐
 *                 ▼                                             │
 *     begun ──▶ reading ──── nothing that may be sent ──────▶ resting
 *                 │ ▲
 *            rows │ │ window empty
 *                 ▼ │
 *              sending ── acknowledged ──▶ noted, marked soon ──▶ sending
 *                 │ └── too large ──▶ half as much, a single row as a link ──▶ sending
 *                 ├── unwritable ──▶ stream on hold (or parked), fresh publisher ──▶ sending
 *                 └── unknown ──▶ waiting, fresh publisher ──▶ sending the same rows
 *
 *     any ── finish ──▶ the send ends, is marked ──▶ over
 *     any ── abandon (lease gone) ──▶ publisher closed ──▶ over
 */
export class ShardRelay {
  private readonly window: ShardWindow
  private readonly acknowledged: AcknowledgedRows
  /** Until when a stream's rows wait, and how often it refused; by stream, for those in the window. */
  private readonly holds = new Map<string, { until: number; failures: number }>()
  private publisher: Publisher | null = null
  private failures = 0
  private going = true
  private abandoned = false
  private woken = false
  private wait: { readonly byWake: boolean; readonly end: () => void } | null = null

  constructor(
    private readonly parts: ShardRelayParts,
    private readonly tenure: Tenure,
    private readonly leases: Readonly<{ renew: () => Promise<void>; giveUp: (tenure: Tenure) => void }>,
  ) {
    const { outbox, clock, bounds, observer } = parts
    this.window = new ShardWindow(bounds)
    const fenced = () => this.leases.giveUp(this.tenure)
    this.acknowledged = new AcknowledgedRows({ outbox, tenure, clock, bounds, observer, fenced })
  }

  /** Works until {@link finish} or {@link abandon}; resolves when nothing of it is under way. Call it once. */
  async run(): Promise<void> {
    while (this.going) {
      try {
        await this.step()
      } catch (cause) {
        // What waits must not wait for a restart. The rows are where they were, and a fresh publisher knows nothing of what happened.
        this.parts.observer.defect(cause)
        this.dropPublisher()
        await this.pause(++this.failures)
      }
    }
    if (!this.abandoned) await this.acknowledged.settle()
    this.acknowledged.end()
    this.dropPublisher()
  }

  /** Tells that rows may have come. */
  wake(): void {
    this.woken = true
    if (this.wait?.byWake === true) this.wait.end()
  }

  /** Begins nothing further; what is under way ends and is marked. */
  finish(): void {
    this.going = false
    this.wait?.end()
  }

  /** The tenure is over: nothing further is sent or marked. */
  abandon(): void {
    this.abandoned = true
    this.acknowledged.end()
    this.dropPublisher()
    this.finish()
  }

  private async step(): Promise<void> {
    const batch = this.window.next(this.isOnHold)
    if (batch !== null) return this.send(batch)
    if (!(await this.read())) return this.pause(++this.failures)
    if (this.going && !this.woken && this.window.next(this.isOnHold) === null) await this.rest()
  }

  /** Reads from the first unpublished row on, always: a row that was committed late stands before others that are gone. False when the store failed. */
  private async read(): Promise<boolean> {
    const { outbox, bounds, observer } = this.parts
    const { acknowledged } = this
    if (acknowledged.size >= bounds.markRowsMin) await acknowledged.settle()
    if (acknowledged.size >= bounds.unmarkedRowsMax) return false
    this.woken = false
    try {
      const rows = await outbox.unpublished(this.tenure.shard, {
        limit: bounds.windowRowsMax + acknowledged.size,
        bytesMax: bounds.windowBytesMax + acknowledged.bytes,
      })
      this.window.take(rows.filter(({ seq }) => !acknowledged.has(seq)))
      return true
    } catch (cause) {
      observer.failed('read', cause)
      return false
    }
  }

  private async send(batch: Batch): Promise<void> {
    const { bounds, topicPrefix, openPublisher, clock, observer } = this.parts
    const messages = batch.rows.map((row) => rowMessage(row, this.tenure.lease.epoch))
    // Nothing is awaited between this look at the clock and the send: the process may have been stopped for any time until here.
    if (this.tenure.leftMs() < bounds.sendMsMax) return this.renew()
    this.publisher ??= openPublisher()
    const startedAt = clock.elapsed()
    const outcome = await this.inTime(this.publisher.publish(topicPrefix + batch.streamName, messages))
    const { shard } = this.tenure
    observer.sent({ shard, outcome, rows: batch.rows.length, seconds: (clock.elapsed() - startedAt) / 1_000 })
    if (!this.abandoned) await this.settle(batch, outcome)
  }

  private async settle(batch: Batch, outcome: PublishOutcome): Promise<void> {
    const { parking, clock, observer } = this.parts
    const { streamName, rows } = batch
    switch (outcome.kind) {
      case 'acknowledged':
        this.failures = 0
        this.holds.delete(streamName)
        parking.acknowledged(this.tenure.shard, streamName)
        this.window.remove(batch)
        this.acknowledged.add(rows)
        return observer.published(rows, clock.now())
      case 'too-large':
        if (rows.length > 1) return this.window.shrink(batch)
        if (!this.window.isLinked(rows[0]!)) return this.sendAsLink(rows[0]!)
        return this.refused(batch, 'one message is above its limit', messageBytes(rows[0]!))
      case 'unwritable':
        this.dropPublisher()
        return this.refused(batch, outcome.reason, null)
      case 'unknown':
        this.dropPublisher()
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
    const { parking, clock, random } = this.parts
    const { shard } = this.tenure
    const partition = Math.max(...rows.map((row) => row.partition))
    if (await parking.refused({ shard, streamName, reason, partition, bytes })) {
      this.holds.delete(streamName)
      this.window.drop(streamName)
      return
    }
    const failures = (this.holds.get(streamName)?.failures ?? 0) + 1
    this.holds.set(streamName, { until: clock.elapsed() + backOffMs(failures, random), failures })
  }

  private readonly isOnHold = (streamName: string): boolean =>
    (this.holds.get(streamName)?.until ?? 0) > this.parts.clock.elapsed()

  private async renew(): Promise<void> {
    await this.leases.renew()
    if (this.going && this.tenure.leftMs() < this.parts.bounds.sendMsMax) await this.pause(1)
  }

  /** What a publisher answers, or that it did not. */
  private inTime(publishing: Promise<PublishOutcome>): Promise<PublishOutcome> {
    const { bounds, clock, observer } = this.parts
    return new Promise((resolve) => {
      const cancel = clock.after(bounds.sendMsMax, () =>
        resolve({ kind: 'unknown', reason: `no answer within ${bounds.sendMsMax} ms` }),
      )
      const end = (outcome: PublishOutcome) => {
        cancel()
        resolve(outcome)
      }
      publishing.then(end, (cause: unknown) => {
        observer.defect(cause)
        end({ kind: 'unknown', reason: 'the publisher failed' })
      })
    })
  }

  private dropPublisher(): void {
    this.publisher?.close()
    this.publisher = null
  }

  private pause(failures: number): Promise<void> {
    return this.waitFor(backOffMs(failures, this.parts.random), false)
  }

  private rest(): Promise<void> {
    const { bounds, clock } = this.parts
    const now = clock.elapsed()
    const holdsEnd = [...this.holds.values()].map(({ until }) => until - now).filter((leftMs) => leftMs > 0)
    return this.waitFor(Math.min(bounds.pollMs, BACK_OFF_MS_MAX, ...holdsEnd), true)
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
