/** The right of one holder to do something alone until a time. */
export type Lease = Readonly<{
  name: string
  holder: string
  /** Rises by one each time the lease changes hands or is taken again after it ended: whoever holds an older one is fenced off. */
  epoch: number
  /** Epoch milliseconds; from then on anybody may take it. */
  until: number
}>

/** Keeps leases. Every adapter runs the suite in `lease-store.contract.ts`. */
export interface LeaseStore {
  /**
   * Takes what is free or ended of `names`, and prolongs what this holder has and that has not ended, in one transaction; answers what it
   * holds of them from now on. `now` is the present time. With `most`, so many at most: first what it has, then the first that are free;
   * fewer where others take the same at this moment.
   */
  take(
    request: Readonly<{ names: readonly string[]; holder: string; now: number; until: number; most?: number }>,
  ): Promise<readonly Lease[]>

  /** Who holds which of `names` now; what is free is not in it. */
  holders(request: Readonly<{ names: readonly string[]; now: number }>): Promise<ReadonlyMap<string, string>>

  /** Ends what this holder has at once: all of it, or only what is in `names`. */
  release(holder: string, names?: readonly string[]): Promise<void>
}
