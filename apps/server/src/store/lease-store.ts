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
   * holds of them from now on. `now` is the present time.
   */
  take(
    request: Readonly<{ names: readonly string[]; holder: string; now: number; until: number }>,
  ): Promise<readonly Lease[]>

  /** Ends whatever this holder has at once. */
  release(holder: string): Promise<void>
}
