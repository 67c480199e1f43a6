import type { IdentityPoolId } from '@satchel/protocol'
import { NodeTurn, type TurnTimes } from '../datasets/node-turn.js'
import type { PoolConnections } from '../datasets/pool-connections.js'
import type { StreamTarget } from '../domain/stream-target.js'
import { streamTargetOf } from '../domain/sync-settings.js'
import type { Clock } from '../runtime/clock.js'
import type { BulkPublish, BulkPublishStore } from '../store/bulk-publish-store.js'
import type { LeaseStore } from '../store/lease-store.js'

/** What a bulk publish tells whoever watches it. */
export interface BulkPublishObserver {
  /** Snapshots went into the outbox. */
  advanced(datasets: number): void
  /** Told now and then of each that is under way. */
  progress(bulk: BulkPublish, waitingRows: number): void
  succeeded(bulk: BulkPublish, ms: number): void
  failed(bulk: BulkPublish, failure: string): void
  /** A step met a fault of the store, and will be tried again. */
  interrupted(cause: unknown): void
}

export const BULK_LEASE = 'bulk'
/** It rests between two questions anyway. */
const TURN_TIMES: TurnTimes = { leaseMs: 10_000, leftMsMin: 5_000, askEveryMs: 0 }

/** Snapshots that may wait to be published: so live changes never stand behind many of them. */
export const WAITING_ROWS_MAX = 200
const DATASETS_PER_STEP = 20
const BYTES_PER_STEP = 1_048_576

/** Rest for each millisecond of work: a tenth of the time at most goes into bulk publishes (V60). */
const REST_PER_WORK = 9
/** A store that hung for a while need not be spared for minutes. */
const REST_MS_MAX = 10_000
/** While snapshots wait for their broker there is nothing to do but look again. */
const LOOK_AGAIN_MS = 100
/** How often it is looked for what was begun in another process. */
const IDLE_MS = 5_000
/** How often a lease is asked for while there is work that somebody else has, or had until it died. */
const LEASE_RETRY_MS = 1_000
const FAULT_REST_MS = 2_000
export const PROGRESS_EVERY_MS = 10_000

/**
 * Works on the bulk publishes of all pools, one small step of each at a time (V58–V60), in whichever process holds the lease:
 *
 *     in progress ──▶ step: snapshots of the next datasets into the outbox ──▶ rest 9 × as long ──▶ …
 *                       │ all of them in ──▶ wait until the relay has published them ──▶ succeeded
 *                       │ stream switched off ──▶ failed
 *
 * How far each came is stored with its snapshots in one transaction, so whoever takes over goes on where it ended.
 */
export class BulkPublisher {
  private stopped = false
  private running: Promise<void> | null = null
  private readonly lead: NodeTurn
  private inProgress = 0
  /** Ends the rest that is under way, if it is one of idleness. */
  private wakeUp: (() => void) | null = null
  private cancelRest: (() => void) | null = null
  private woken = false
  private readonly toldAt = new Map<IdentityPoolId, number>()

  constructor(
    private readonly deps: Readonly<{
      store: Omit<BulkPublishStore, 'begin' | 'find'>
      leases: LeaseStore
      connections: Pick<PoolConnections, 'of'>
      /** Makes a name for this process that no other has; asked once. */
      nameHolder: () => string
      clock: Clock
      observer: BulkPublishObserver
      /** There are new rows in the outbox. */
      wakeRelay: () => void
    }>,
  ) {
    this.lead = new NodeTurn({ ...deps, name: BULK_LEASE, times: TURN_TIMES })
  }

  start(): void {
    this.running ??= this.run()
  }

  /** There may be something to do: looks at once instead of after a while. */
  wake(): void {
    this.woken = true
    this.wakeUp?.()
  }

  /** Bulk publishes that are under way, when this process last looked. */
  get underway(): number {
    return this.inProgress
  }

  /** Finishes the step that is under way, and leaves the rest to whoever comes next. */
  async stop(): Promise<void> {
    this.stopped = true
    this.cancelRest?.()
    await this.running
    await this.lead.end()
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      let restMs: number | null
      try {
        restMs = await this.turn()
      } catch (cause) {
        this.deps.observer.interrupted(cause)
        restMs = FAULT_REST_MS
      }
      if (restMs === null) await this.idle()
      else await this.rest(restMs)
    }
  }

  /** A step of each; answers how long to rest, null when there was nothing to do. */
  private async turn(): Promise<number | null> {
    const { store, clock } = this.deps
    this.woken = false
    const startedAt = clock.elapsed()
    const bulks = await store.inProgress()
    this.inProgress = bulks.length
    if (bulks.length === 0) return null
    if (!(await this.lead.isOurs())) return LEASE_RETRY_MS
    let advanced = false
    for (const bulk of bulks) {
      if (this.stopped) break
      if (await this.step(bulk)) advanced = true
    }
    const restMs = Math.min(REST_PER_WORK * (clock.elapsed() - startedAt), REST_MS_MAX)
    return advanced ? restMs : Math.max(restMs, LOOK_AGAIN_MS)
  }

  /** True when snapshots went into the outbox. */
  private async step(bulk: BulkPublish): Promise<boolean> {
    const { store, connections } = this.deps
    const waitingRows = await store.unpublishedRows(bulk.pool)
    this.tell(bulk, waitingRows)
    if (bulk.complete && waitingRows === 0) {
      await this.end(bulk, null)
      return false
    }
    const settings = await connections.of(bulk.pool)
    const target = settings && streamTargetOf(settings)
    if (target === null) {
      const reason = settings?.cognitoStreams?.disabledReason ?? null
      await this.end(bulk, settings === null ? POOL_GONE : `${STREAM_OFF}${reason === null ? '' : `: ${reason}`}`)
      return false
    }
    if (bulk.complete || waitingRows >= WAITING_ROWS_MAX) return false
    return this.advance(bulk, target)
  }

  private async advance({ pool, datasets }: BulkPublish, target: StreamTarget): Promise<boolean> {
    const { store, clock, observer, wakeRelay } = this.deps
    const limits = { datasetsMax: DATASETS_PER_STEP, bytesMax: BYTES_PER_STEP }
    const advanced = await store.advance({ pool, target, at: clock.now(), ...limits })
    if (advanced === null) return false // it was ended meanwhile
    if (advanced.datasets > datasets) observer.advanced(advanced.datasets - datasets)
    wakeRelay()
    return true
  }

  private async end(bulk: BulkPublish, failure: string | null): Promise<void> {
    const { store, clock, observer } = this.deps
    const at = clock.now()
    await store.end({ pool: bulk.pool, at, failure })
    this.toldAt.delete(bulk.pool)
    this.inProgress--
    if (failure === null) observer.succeeded(bulk, at - bulk.startedAt)
    else observer.failed(bulk, failure)
  }

  private tell(bulk: BulkPublish, waitingRows: number): void {
    const { clock, observer } = this.deps
    const now = clock.elapsed()
    const at = this.toldAt.get(bulk.pool)
    if (at !== undefined && now - at < PROGRESS_EVERY_MS) return
    this.toldAt.set(bulk.pool, now)
    observer.progress(bulk, waitingRows)
  }

  private async idle(): Promise<void> {
    if (this.woken) return
    const resting = this.rest(IDLE_MS)
    this.wakeUp = this.cancelRest
    await resting
    this.wakeUp = null
  }

  private rest(ms: number): Promise<void> {
    if (this.stopped) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        this.cancelRest = null
        resolve()
      }
      const cancel = this.deps.clock.after(ms, done)
      this.cancelRest = done
    })
  }
}

const POOL_GONE = 'the identity pool was deleted meanwhile'
const STREAM_OFF = 'the stream of the identity pool was switched off meanwhile'
