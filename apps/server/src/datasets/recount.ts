import type { DatasetName, IdentityId, WatchedDataset } from '@satchel/protocol'
import type { Dataset } from '../domain/dataset.js'
import type { Clock } from '../runtime/clock.js'
import type { DatasetStore } from '../store/dataset-store.js'
import type { CommitFeed, CommittedChange } from './commit-feed.js'

/** While other nodes are not heard, each watched identity is looked at so often at most, milliseconds. */
export const RECOUNT_EVERY_MS = 2_000

/** Identities are looked at in batches of so many, so far apart: 200 a second at most. */
const BATCH = 40
const BATCH_EVERY_MS = 200

/** How long nothing is looked at after the store did not answer, milliseconds. */
const PAUSE_MS = 2_000

/** Readings of the store that are under way at a time. */
const READINGS_MAX = 4

/** What a recount tells whoever watches it. */
export interface RecountObserver {
  /** An identity was looked at; `behind` is how many of its datasets had moved on unheard. */
  looked(behind: number): void
  /** The store did not answer; the identity is looked at again. */
  failed(cause: unknown): void
}

/**
 * Finds out what other nodes committed where their hints do not arrive: compares the counts of what is watched here with the store's, and
 * tells the watchers (RD6). While other nodes are not heard it goes round all the time; and once when it is asked to. A small site is
 * so a few seconds late, a large one is bounded by the rate and by its devices' own heartbeat.
 */
export class Recount {
  private readonly due = new Set<IdentityId>()
  private roundAt = -Infinity
  private cancel: (() => void) | null = null
  private stopped = false
  private paused = false
  private looking: Promise<void> = Promise.resolve()

  constructor(
    private readonly deps: Readonly<{
      feed: Pick<CommitFeed, 'watched' | 'standingsOf' | 'tellHere'>
      store: Pick<DatasetStore, 'readSeveral'>
      /** True while other nodes are not heard. */
      isNeeded: () => boolean
      observer: RecountObserver
      clock: Clock
    }>,
  ) {}

  start(): void {
    this.later()
  }

  /** Looks at one identity soon, or at every one that is watched now. */
  look(identity: IdentityId | null): void {
    if (identity !== null) this.due.add(identity)
    else for (const watched of this.deps.feed.watched) this.due.add(watched)
  }

  /** Identities that are to be looked at. */
  get waiting(): number {
    return this.due.size
  }

  /** Begins nothing further; resolves when nothing is being read. */
  stop(): Promise<void> {
    this.stopped = true
    this.cancel?.()
    return this.looking
  }

  private later(): void {
    if (this.stopped) return
    this.cancel = this.deps.clock.after(this.paused ? PAUSE_MS : BATCH_EVERY_MS, () => {
      this.paused = false
      this.looking = this.batch().finally(() => this.later())
    })
  }

  private async batch(): Promise<void> {
    const now = this.deps.clock.elapsed()
    if (this.due.size === 0 && now - this.roundAt >= RECOUNT_EVERY_MS && this.deps.isNeeded()) {
      this.roundAt = now
      this.look(null)
    }
    let left = Math.min(BATCH, this.due.size)
    const next = async (): Promise<void> => {
      while (left-- > 0 && !this.stopped && !this.paused) await this.lookAt(this.takeDue())
    }
    await Promise.all(Array.from({ length: Math.min(READINGS_MAX, left) }, next))
  }

  /** Whoever has waited for the longest. */
  private takeDue(): IdentityId {
    const [identity] = this.due
    this.due.delete(identity!)
    return identity!
  }

  private async lookAt(identity: IdentityId): Promise<void> {
    const { feed, store, observer } = this.deps
    const names = new Set<DatasetName>()
    for (const { dataset } of feed.standingsOf(identity)) names.add(dataset)
    if (names.size === 0) return
    try {
      const found = await store.readSeveral(identity, [...names])
      const held = new Map(found.map((dataset) => [dataset.name, dataset]))
      // As they stand now: what was heard while the store was read is not told twice.
      const behind = new Map<DatasetName, WatchedDataset>()
      for (const standing of feed.standingsOf(identity)) {
        const dataset = held.get(standing.dataset)
        if (dataset === undefined || isThere(standing, dataset)) continue
        const before = behind.get(standing.dataset)
        if (before === undefined || standing.since < before.since) behind.set(standing.dataset, standing)
      }
      observer.looked(behind.size)
      feed.tellHere(
        [...behind.values()].map(({ dataset, since }): CommittedChange => {
          const { epoch, syncCount } = held.get(dataset)!
          return { identity, device: null, changed: { dataset, epoch, base: since, through: syncCount, records: null } }
        }),
      )
    } catch (cause) {
      this.due.add(identity)
      this.paused = true
      observer.failed(cause)
    }
  }
}

/** Also where the watcher heard of something newer while the store was read. */
const isThere = ({ epoch, since }: WatchedDataset, dataset: Dataset): boolean =>
  epoch === dataset.epoch && since >= dataset.syncCount
