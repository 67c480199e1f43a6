import type { Changed, DeviceId, IdentityId, WatchedDataset } from '@satchel/protocol'

/** A change that is durable. */
export type CommittedChange = Readonly<{
  identity: IdentityId
  changed: Changed
  /** The device whose batch it was; null for a write of the AWS face. */
  device: DeviceId | null
}>

/** What the feed tells whoever watches it. */
export interface FeedObserver {
  /** A listener threw; the others were told all the same. */
  listenerFailed(cause: unknown): void
}

/** The other nodes of the site, as far as commits go. */
export interface OtherNodes {
  /** Tells of commits; waits for nothing, and may not reach anybody. */
  tell(changes: readonly CommittedChange[]): void
  /** From now on what other nodes commit for the identity is wanted. Resolves once it is heard, or when that takes too long or cannot be. */
  listen(identity: IdentityId): Promise<void>
  /** One of those who listened needs it no more. */
  leave(identity: IdentityId): void
}

type Listener = (change: CommittedChange) => void

/** What somebody watches, and how far he has been told of it. */
export type Standings = () => Iterable<WatchedDataset>

type Entry = Readonly<{ tell: Listener; standings: Standings }>
type Watched = Readonly<{ entries: Set<Entry>; heard: Promise<void> }>

const NOTHING: Standings = () => []
const AT_ONCE = Promise.resolve()

/**
 * Tells of every commit that is durable, to those who watch its identity and within the turn in which its outcome
 * came; so nobody hears of a write before it is safe (NA8). What other nodes commit comes by them, as a hint (RD1). It keeps nothing: a change
 * that nobody watches is told to nobody.
 */
export class CommitFeed {
  private readonly watchedByIdentity = new Map<IdentityId, Watched>()

  constructor(
    private readonly observer: FeedObserver,
    /** Answers null where there is only this node; asked late, since they in turn tell this feed. */
    private readonly nodes: () => OtherNodes | null = () => null,
  ) {}

  /** Tells `listener` of every commit of an identity from now on, until the answer is called. */
  watch(identity: IdentityId, listener: Listener, standings: Standings = NOTHING): () => void {
    const entry: Entry = { tell: listener, standings }
    let watched = this.watchedByIdentity.get(identity)
    if (watched === undefined) {
      watched = { entries: new Set(), heard: this.nodes()?.listen(identity) ?? AT_ONCE }
      this.watchedByIdentity.set(identity, watched)
    }
    const { entries } = watched
    entries.add(entry)
    return () => {
      if (!entries.delete(entry) || entries.size > 0) return
      this.watchedByIdentity.delete(identity)
      this.nodes()?.leave(identity)
    }
  }

  /**
   * Resolves once what other nodes commit for a watched identity is heard too, or when that takes too long: what was committed before
   * is looked up then, so that nothing falls between the two.
   */
  hears(identity: IdentityId): Promise<void> {
    return this.watchedByIdentity.get(identity)?.heard ?? AT_ONCE
  }

  /** True when somebody watches the identity, here or perhaps at another node: what nobody hears need not be put together. */
  isWatched(identity: IdentityId): boolean {
    return this.nodes() !== null || this.watchedByIdentity.has(identity)
  }

  /** The identities that are watched here. */
  get watched(): IterableIterator<IdentityId> {
    return this.watchedByIdentity.keys()
  }

  /** What all who watch an identity here have been told. */
  *standingsOf(identity: IdentityId): Iterable<WatchedDataset> {
    for (const { standings } of this.watchedByIdentity.get(identity)?.entries ?? []) yield* standings()
  }

  /** To be called once these are durable, in the order of their commits. */
  publish(changes: readonly CommittedChange[]): void {
    this.tellHere(changes)
    this.nodes()?.tell(changes)
  }

  /** Tells those who watch here only: of what another node committed, or what was found to have been missed. */
  tellHere(changes: readonly CommittedChange[]): void {
    for (const change of changes) {
      for (const { tell } of this.watchedByIdentity.get(change.identity)?.entries ?? []) this.tell(tell, change)
    }
  }

  /** A listener that throws harms neither the others nor the writers, whose outcomes are still to be told. */
  private tell(listener: Listener, change: CommittedChange): void {
    try {
      listener(change)
    } catch (cause) {
      this.observer.listenerFailed(cause)
    }
  }
}
