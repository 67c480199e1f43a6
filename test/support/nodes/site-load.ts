import { adminOf, aGuest, aPool } from '../a-pool.js'
import type { Seeded } from '../seeded.js'
import { AwsLoad } from './aws-load.js'
import { NativeLoad } from './native-load.js'
import type { Site } from './site.js'

export type SiteLoadOptions = Readonly<{
  chance: Seeded
  /** Clients in processes of their own. */
  devices?: number
  /** Both: see `AwsLoadOptions`. */
  deleting?: boolean
  restMs?: number
}>

/** What happened, counted, by the kind of client that saw it. */
type Seen = SiteLoad['seen']

/** Figures of what happened. */
export type Figures = Readonly<{ [Kind in keyof Seen]?: Readonly<Partial<Record<keyof Seen[Kind], number>>> }>

/**
 * Clients of every kind at work through a site's balancer, and what has to be true when they are done: all that was acknowledged is there, nothing
 * twice, devices agree, figures are exact, whichever node is asked.
 */
export class SiteLoad {
  private constructor(
    private readonly site: Site,
    private readonly pool: string,
    readonly aws: AwsLoad,
    readonly native: NativeLoad,
  ) {}

  static async start(
    site: Site,
    { chance, devices = 3, deleting = true, restMs = 150 }: SiteLoadOptions,
  ): Promise<SiteLoad> {
    const reached = site.running
    const pool = await aPool(reached)
    const native = await NativeLoad.start(reached, {
      user: await aGuest(reached, pool),
      devices,
      chance: chance.fork(),
    })
    const aws = await AwsLoad.start(reached, { pool, chance: chance.fork(), deleting, restMs })
    return new SiteLoad(site, pool, aws, native)
  }

  /** Ends the load, and answers everything that is not as it has to be, in words. Every node has to be there. */
  async faults(): Promise<readonly string[]> {
    await Promise.all([this.aws.finish(), this.native.finish()])
    const nodes = this.site.nodes.map(({ url, admin }) => ({ url, admin }))
    const faults = [...(await this.native.faultsAt(nodes)), ...this.aws.faults, ...this.site.defects()]
    const stored = this.aws.bytes + this.native.bytes
    for (const node of nodes) {
      faults.push(...(await this.aws.faultsAt(node)))
      const { IdentityPoolUsage } = await adminOf(node).sync.describeIdentityPoolUsage({ IdentityPoolId: this.pool })
      const { DataStorage } = IdentityPoolUsage!
      if (DataStorage !== stored) faults.push(`${node.url} says the pool holds ${DataStorage} bytes, not ${stored}`)
    }
    return faults
  }

  /**
   * Ends the load, prints what happened, and expects that nothing is wrong and that each of these figures was passed: a run in which nothing happened
   * proves nothing. Every node has to be there.
   */
  async judge(title: string, passed: Figures): Promise<void> {
    const faults = await this.faults()
    const { seen } = this
    console.info(`${title}: ${JSON.stringify(seen)}`)
    expect(faults).toEqual([])
    for (const [kind, bounds] of Object.entries(passed)) {
      const found: Readonly<Record<string, number>> = seen[kind as keyof Seen]
      for (const [what, bound] of Object.entries(bounds)) {
        expect([kind, what, found[what], found[what]! > bound]).toEqual([kind, what, found[what], true])
      }
    }
  }

  /** What happened, to be printed. */
  get seen() {
    return { aws: this.aws.seen, devices: this.native.seen, batches: this.native.ledger.seen }
  }

  async close(): Promise<void> {
    await this.native.close()
  }
}
