import { SHARDS } from '../../domain/outbox-row.js'
import type { Clock } from '../../runtime/clock.js'
import { HeldClock } from '../../runtime/testing/held-clock.js'
import { SeededRandom } from '../../runtime/testing/seeded-random.js'
import type { LeaseStore } from '../../store/lease-store.js'
import { MemoryDatabase } from '../../store/memory/memory-database.js'
import { MemoryLeaseStore } from '../../store/memory/memory-lease-store.js'
import type { Tenure } from '../held-tenure.js'
import { ShardLeases } from '../shard-leases.js'
import { SimProcess } from './sim-process.js'

/** One relay of the world, as far as leases go. */
export type LeaseMember = Readonly<{
  name: string
  process: SimProcess
  leases: ShardLeases
  /** What it believes to have. */
  tenures: Map<number, Tenure>
}>

/**
 * Relays that share one store whose own clock ends leases, as PostgreSQL's does, while theirs show any time of day; on one seed. They work on nothing, but
 * need a while to end it.
 */
export class LeaseWorld {
  readonly clock = new HeldClock()
  readonly random: SeededRandom
  readonly members: LeaseMember[] = []
  /** Shards that somebody took on so far. */
  taken = 0
  /** While true the store answers nobody. */
  away = false
  /** What must not be. */
  readonly findings: string[] = []
  private readonly store = new MemoryLeaseStore(new MemoryDatabase())
  private started = 0

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
  }

  start(): LeaseMember {
    const name = `relay ${++this.started}`
    const skewMs = this.random.below(7_200_000) - 3_600_000
    const delayMs = () => this.random.below(20)
    const process = new SimProcess({ clock: skewed(this.clock, skewMs), delayMs })
    const tenures = new Map<number, Tenure>()
    const leases = new ShardLeases({
      store: process.reach(this.storeFor()),
      clock: process.clock,
      holder: name,
      listener: {
        began: (tenure) => {
          this.taken++
          tenures.set(tenure.shard, tenure)
        },
        leave: () => new Promise((done) => process.clock.after(this.random.below(300), done)),
        ended: (tenure) => tenures.delete(tenure.shard),
      },
      observer: { leased: () => undefined, leaseEnded: () => undefined, failed: () => undefined },
    })
    const member = { name, process, leases, tenures }
    this.members.push(member)
    leases.start()
    return member
  }

  async stop(member: LeaseMember): Promise<void> {
    this.members.splice(this.members.indexOf(member), 1)
    await Promise.all([member.leases.release(), this.pass(200)])
  }

  kill(member: LeaseMember): void {
    this.members.splice(this.members.indexOf(member), 1)
    member.process.kill()
  }

  /** Lets time pass, and looks all the while whether a shard is two relays'. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 20) {
      this.clock.advance(Math.min(left, 20))
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
      this.judge()
    }
  }

  /** How many shards each has, the most first. */
  counts(): readonly number[] {
    return this.members.map(({ tenures }) => tenures.size).sort((one, other) => other - one)
  }

  /** What {@link counts} says once everybody has its share. */
  fair(): readonly number[] {
    const { length } = this.members
    return Array.from({ length }, (_, at) => Math.floor(SHARDS / length) + Number(at < SHARDS % length))
  }

  private judge(): void {
    for (let shard = 0; shard < SHARDS; shard++) {
      const claims = this.members.filter(({ tenures }) => (tenures.get(shard)?.leftMs() ?? 0) > 0)
      if (claims.length > 1) this.findings.push(`shard ${shard} is ${claims.map(({ name }) => name).join(' and ')}'s`)
    }
  }

  private storeFor(): LeaseStore {
    const { store, clock } = this
    const answering = async <T>(work: () => Promise<T>): Promise<T> => {
      if (this.away) throw new Error('the store is away')
      return work()
    }
    return {
      take: (request) =>
        answering(async () => {
          const now = clock.now()
          const leases = await store.take({ ...request, now, until: now + request.until - request.now })
          return leases.map((lease) => ({ ...lease, until: request.until }))
        }),
      holders: ({ names }) => answering(() => store.holders({ names, now: clock.now() })),
      release: (...which) => answering(() => store.release(...which)),
    }
  }
}

const skewed = (clock: Clock, byMs: number): Clock => ({
  now: () => clock.now() + byMs,
  elapsed: () => clock.elapsed(),
  after: (ms, work) => clock.after(ms, work),
  soon: (work) => clock.soon(work),
})
