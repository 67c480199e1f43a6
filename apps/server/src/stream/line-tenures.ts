import type { Tenure } from './held-tenure.js'
import type { RelayBounds } from './relay-bounds.js'

/** The tenures under which something was begun, by shard. */
export type Tenures = ReadonlyMap<number, Tenure>

/** The shards that a line has, each under one tenure, and under which of these something may begin or go on (V23). */
export class LineTenures {
  private readonly tenures = new Map<number, Tenure>()
  /** Tenures under which nothing further begins. */
  private readonly leaving = new Set<Tenure>()

  constructor(private readonly bounds: Pick<RelayBounds, 'sendMsMax'>) {}

  begin(tenure: Tenure): void {
    this.tenures.set(tenure.shard, tenure)
  }

  /** Nothing further begins under it. */
  leave(tenure: Tenure): void {
    this.leaving.add(tenure)
  }

  /** It is over; false where it is not the one under which its shard is held. */
  end(tenure: Tenure): boolean {
    if (this.tenures.get(tenure.shard) !== tenure) return false
    this.tenures.delete(tenure.shard)
    this.leaving.delete(tenure)
    return true
  }

  /** The shards that are to be worked on and whose lease outlasts a send. */
  ready(): Tenures {
    const { sendMsMax } = this.bounds
    return new Map([...this.tenures].filter(([, it]) => !this.leaving.has(it) && it.leftMs() >= sendMsMax))
  }

  /** Whether these are fewer than are to be worked on: of the others too little of the lease is left. */
  areFew(ready: Tenures): boolean {
    return ready.size < this.tenures.size - this.leaving.size
  }

  /** Whether a shard is held under the same tenure as then. */
  lasts(then: Tenures, shard: number): boolean {
    const tenure = then.get(shard)
    return tenure !== undefined && this.tenures.get(shard) === tenure
  }

  /** Whether it is, and something may still begin under it. */
  goesOn(then: Tenures, shard: number): boolean {
    return this.lasts(then, shard) && !this.leaving.has(then.get(shard)!)
  }
}
