import type { Changed, DeviceId, IdentityId } from '@satchel/protocol'

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

type Listener = (change: CommittedChange) => void

/**
 * Tells of every commit that is durable, to those who watch its identity and within the turn in which its outcome
 * came; so nobody hears of a write before it is safe (NA8). It keeps nothing: a change that nobody watches is told
 * to nobody.
 */
export class CommitFeed {
  private readonly listeners = new Map<IdentityId, Set<{ readonly tell: Listener }>>()

  constructor(private readonly observer: FeedObserver) {}

  /** Tells `listener` of every commit of an identity from now on, until the answer is called. */
  watch(identity: IdentityId, listener: Listener): () => void {
    const entry = { tell: listener }
    const listening = this.listeners.get(identity) ?? new Set()
    this.listeners.set(identity, listening.add(entry))
    return () => {
      if (listening.delete(entry) && listening.size === 0) this.listeners.delete(identity)
    }
  }

  /** True when somebody watches the identity: what nobody hears need not be put together. */
  isWatched(identity: IdentityId): boolean {
    return this.listeners.has(identity)
  }

  /** To be called once these are durable, in the order of their commits. */
  publish(changes: readonly CommittedChange[]): void {
    for (const change of changes) {
      for (const listener of this.listeners.get(change.identity) ?? []) this.tell(listener.tell, change)
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
