import type { Clock } from '../runtime/clock.js'
import type { FanoutStanding } from '../fanout/fanout.js'
import type { StreamStanding } from '../stream/change-stream.js'

/** How long the database may take to answer a read before it counts as not answering. */
export const PROBE_MS_MAX = 2_000

/** `busy`: it works, and callers are turned away for a while, as they would be elsewhere. */
export type Check = 'ok' | 'busy' | 'failing'

export type Readiness = Readonly<{
  ready: boolean
  checks: Readonly<{ database: Check; queue: Check; draining: boolean }>
  /** Shown beside, and no part of the decision: sync is served while Kafka is away (V64). Absent where there is no Kafka. */
  stream?: StreamStanding
  /** Likewise: without Redis changes are heard later, and nothing is wrong (RD7). Absent where none is set. */
  fanout?: FanoutStanding
}>

/**
 * Whether this process should be sent requests (SPEC O23): its database answers a read, its write queue has room,
 * and it is not about to end. One that is busy should: all nodes share the database, and a balancer that took them away one after
 * the other would turn too many requests into none at all (PL4).
 */
export class Health {
  private isDraining = false
  private probing: Promise<Check> | null = null

  constructor(
    private readonly deps: Readonly<{
      /** Any read of the database. */
      probe: () => Promise<unknown>
      queue: () => Readonly<{ depth: number; bytes: number }>
      bounds: Readonly<{ writesMax: number; bytesMax: number }>
      /** Whether callers are turned away because the database has too much to do, and because writes would wait too long. */
      busy?: () => Readonly<{ database: boolean; queue: boolean }>
      /** null where the server has no Kafka. */
      stream?: () => StreamStanding | null
      /** null where no Redis is set. */
      fanout?: () => FanoutStanding | null
      clock: Clock
    }>,
  ) {}

  /** From here on the process is not ready; what it has begun it still finishes. */
  drain(): void {
    this.isDraining = true
  }

  /** True once the process is about to end. */
  get leaving(): boolean {
    return this.isDraining
  }

  async readiness(): Promise<Readiness> {
    const probed = await this.database()
    const busy = this.deps.busy?.()
    const database = probed === 'ok' && busy?.database === true ? 'busy' : probed
    const queue = this.queue() === 'ok' && busy?.queue === true ? 'busy' : this.queue()
    const { isDraining: draining } = this
    const stream = this.deps.stream?.() ?? null
    const fanout = this.deps.fanout?.() ?? null
    return {
      ready: database !== 'failing' && queue !== 'failing' && !draining,
      checks: { database, queue, draining },
      ...(stream === null ? {} : { stream }),
      ...(fanout === null ? {} : { fanout }),
    }
  }

  private queue(): Check {
    const { queue, bounds } = this.deps
    const { depth, bytes } = queue()
    return depth < bounds.writesMax && bytes < bounds.bytesMax ? 'ok' : 'failing'
  }

  /** A database that hangs is asked once, not once more by everybody who wants to know. */
  private database(): Promise<Check> {
    const { clock, probe } = this.deps
    const answered = (this.probing ??= probe()
      .then<Check, Check>(
        () => 'ok',
        () => 'failing',
      )
      .finally(() => (this.probing = null)))
    return new Promise((resolve) => {
      const cancel = clock.after(PROBE_MS_MAX, () => resolve('failing'))
      void answered.then((check) => {
        cancel()
        resolve(check)
      })
    })
  }
}
