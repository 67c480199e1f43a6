import {
  WATCH_WAIT_MS_MAX,
  type Changed,
  type DatasetName,
  type IdentityId,
  type WatchedDataset,
  type WatchRequest,
} from '@satchel/protocol'
import type { Bearer, BearerVerifier } from '../access/bearer.js'
import type { CommitFeed } from '../datasets/commit-feed.js'
import type { Exchange } from '../datasets/exchange.js'
import { forbiddenIdentity } from '../identity/refusals.js'
import { refuse } from '../refusal.js'
import type { Clock } from '../runtime/clock.js'

/** Watches over HTTP that may wait at a time: of one identity, and of all. */
const WAITING_PER_IDENTITY_MAX = 32
const WAITING_MAX = 2_000

/** Holds HTTP watches until there is something to tell, for 25 seconds at most (NB16). */
export class HttpWatches {
  private readonly endsByIdentity = new Map<IdentityId, Set<() => void>>()
  private waiting = 0
  private ended = false

  constructor(
    private readonly deps: Readonly<{
      exchange: Pick<Exchange, 'behind'>
      feed: Pick<CommitFeed, 'watch' | 'hears'>
      bearers: Pick<BearerVerifier, 'stands'>
      clock: Clock
    }>,
  ) {}

  /** What has changed, or nothing when the time is up, the asker goes away, or the server stops. */
  async watch(bearer: Bearer, { datasets }: WatchRequest, gone: AbortSignal): Promise<readonly Changed[]> {
    const { identity } = bearer
    const changed = new Map<DatasetName, Changed>()
    const watched = new Map(datasets.map((standing) => [standing.dataset, standing]))
    const end = this.enter(identity)
    // Listens first and looks then, so that no commit falls between the two.
    const unwatch = this.deps.feed.watch(
      identity,
      ({ changed: hint }) => {
        const held = watched.get(hint.dataset)
        if (held === undefined || isOld(hint, held)) return
        note(changed, hint)
        this.deps.clock.soon(end.now) // what else was committed in the same turn goes along
      },
      () => datasets,
    )
    const stopWaiting = this.deps.clock.after(WATCH_WAIT_MS_MAX, end.now)
    gone.addEventListener('abort', end.now)
    if (gone.aborted) end.now()
    try {
      await this.deps.feed.hears(identity)
      const behind = await this.deps.exchange.behind(bearer, { datasets })
      if (behind.length === 0) {
        await end.come
        if (changed.size > 0 && !(await this.deps.bearers.stands(bearer))) throw forbiddenIdentity(identity)
      }
      for (const hint of behind) changed.set(hint.dataset, hint)
      return [...changed.values()]
    } finally {
      unwatch()
      stopWaiting()
      gone.removeEventListener('abort', end.now)
      this.leave(identity, end.now)
    }
  }

  /** Answers all that wait, and holds none any more. */
  end(): void {
    this.ended = true
    for (const ends of this.endsByIdentity.values()) for (const now of ends) now()
  }

  private enter(identity: IdentityId): Readonly<{ now: () => void; come: Promise<void> }> {
    const ends = this.endsByIdentity.get(identity) ?? new Set()
    if (ends.size >= WAITING_PER_IDENTITY_MAX || this.waiting >= WAITING_MAX) {
      refuse('TooManyRequests', 'too many watches are waiting', { retryAfterSeconds: 1 })
    }
    let now!: () => void
    const come = new Promise<void>((done) => (now = done))
    this.endsByIdentity.set(identity, ends.add(now))
    this.waiting++
    if (this.ended) now()
    return { now, come }
  }

  private leave(identity: IdentityId, now: () => void): void {
    const ends = this.endsByIdentity.get(identity)
    if (ends?.delete(now) !== true) return
    this.waiting--
    if (ends.size === 0) this.endsByIdentity.delete(identity)
  }
}

/** True for what the watcher has already; other nodes may say it late. */
const isOld = ({ epoch, through }: Changed, held: WatchedDataset): boolean =>
  epoch === held.epoch && through <= held.since

/** A second hint of a dataset makes one of both, which the watcher asks about. */
function note(changed: Map<DatasetName, Changed>, hint: Changed): void {
  const before = changed.get(hint.dataset)
  if (before === undefined) changed.set(hint.dataset, hint)
  else if (!isOld(hint, { ...before, since: before.through }))
    changed.set(hint.dataset, { ...hint, base: before.base, records: null })
}
