import { DEVICE_MARKER_LIFE_MS } from '../domain/batch-marker.js'
import type { Clock } from '../runtime/clock.js'
import type { DatasetStore } from '../store/dataset-store.js'
import type { OutboxStore } from '../store/outbox-store.js'
import type { NodeTurn } from './node-turn.js'
import type { SessionCount } from './session-count.js'
import type { SyncSessions } from './sync-session.js'

const SECOND = 1_000
const DAY = 86_400 * SECOND

/** Who does what is of the whole database. */
export const HOUSEKEEPING_LEASE = 'housekeeping'

/** Rows that one transaction removes: few enough that a write behind it hardly waits. */
const ROWS_PER_STEP = 200

export type Removed = 'tombstones' | 'markers' | 'deleted' | 'changes' | 'signing-keys'

/** What housekeeping tells whoever watches it. */
export interface HousekeepingObserver {
  removed(what: Removed, rows: number): void
  failed(what: string, cause: unknown): void
}

type Task = Readonly<{
  name: string
  everyMs: number
  /** Does a bounded piece; true when more is left. */
  step: () => Promise<boolean>
}>

/**
 * What a store needs now and then and nobody waits for: old tombstones (B2), spent sessions (S6) and the
 * markers of devices long silent (NA4) go, the part of the change log that is published and old (V13), signing keys whose tokens have ended (KR7), and what deleted identities and pools left behind. Each piece is small and gives way to writes in between.
 * Of several nodes one does it (MV6), and what a second one would do at the same time does no harm.
 */
export class Housekeeping {
  private readonly cancels = new Map<string, () => void>()
  private readonly running = new Set<Promise<void>>()
  private stopped = false

  constructor(
    private readonly deps: Readonly<{
      store: DatasetStore
      outbox: Pick<OutboxStore, 'prune'>
      /** Removes signing keys whose last token has ended; answers how many. */
      forgetSigningKeys: () => Promise<number>
      sessions: SyncSessions
      opened: SessionCount
      clock: Clock
      tombstoneDays: number
      streamRetentionDays: number
      /** Whether this node is the one that does what is of the whole database. */
      turn: Pick<NodeTurn, 'isOurs' | 'end'>
      observer: HousekeepingObserver
    }>,
  ) {}

  start(): void {
    for (const task of this.tasks()) this.schedule(task, task.everyMs)
  }

  /** Starts nothing further, and hands over the session counts and the turn, where the store takes them. */
  async stop(): Promise<void> {
    this.stopped = true
    for (const cancel of this.cancels.values()) cancel()
    await Promise.all(this.running)
    await this.attempt('count sync sessions', () => this.deps.opened.flush())
    await this.attempt('end the turn', () => this.deps.turn.end())
  }

  private tasks(): readonly Task[] {
    const {
      store,
      outbox,
      forgetSigningKeys,
      sessions,
      opened,
      clock,
      tombstoneDays,
      streamRetentionDays,
      observer,
      turn,
    } = this.deps
    const steps = (what: Removed, remove: () => Promise<number>) => async () => {
      if (!(await turn.isOurs())) return false
      const rows = await remove()
      if (rows > 0) observer.removed(what, rows)
      return what === 'deleted' ? rows > 0 : rows === ROWS_PER_STEP
    }
    return [
      {
        name: 'collect tombstones',
        everyMs: 600 * SECOND,
        step: steps('tombstones', () =>
          store.collectTombstones({ before: clock.now() - tombstoneDays * DAY, limit: ROWS_PER_STEP }),
        ),
      },
      {
        name: 'forget spent sessions',
        everyMs: 60 * SECOND,
        step: steps('markers', () => store.forgetMarkers({ below: sessions.expiredBelow(), limit: ROWS_PER_STEP })),
      },
      {
        name: 'forget silent devices',
        everyMs: 600 * SECOND,
        step: steps('markers', () =>
          store.forgetDeviceMarkers({ before: clock.now() - DEVICE_MARKER_LIFE_MS, limit: ROWS_PER_STEP }),
        ),
      },
      {
        name: 'prune the change log',
        everyMs: 60 * SECOND,
        step: steps('changes', () =>
          outbox.prune({ before: clock.now() - streamRetentionDays * DAY, limit: ROWS_PER_STEP }),
        ),
      },
      { name: 'forget signing keys', everyMs: 600 * SECOND, step: steps('signing-keys', forgetSigningKeys) },
      { name: 'purge what was deleted', everyMs: 5 * SECOND, step: steps('deleted', () => store.purge(ROWS_PER_STEP)) },
      { name: 'count sync sessions', everyMs: 5 * SECOND, step: () => opened.flush().then(() => false) },
    ]
  }

  private schedule(task: Task, delayMs: number): void {
    if (this.stopped) return
    this.cancels.set(
      task.name,
      this.deps.clock.after(delayMs, () => {
        const run = this.run(task).finally(() => this.running.delete(run))
        this.running.add(run)
      }),
    )
  }

  private async run(task: Task): Promise<void> {
    await this.attempt(task.name, async () => {
      while (!this.stopped && (await task.step())) await new Promise<void>((next) => this.deps.clock.soon(next))
    })
    this.schedule(task, task.everyMs)
  }

  private async attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (cause) {
      this.deps.observer.failed(what, cause)
    }
  }
}
