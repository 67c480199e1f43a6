import { fairShare } from '../domain/fair-share.js'
import { SHARDS } from '../domain/outbox-row.js'
import type { Clock } from '../runtime/clock.js'
import type { Lease, LeaseStore } from '../store/lease-store.js'
import { HeldTenure, LEASE_MARGIN_MS, type Tenure } from './held-tenure.js'
import type { LeaseEnd, StreamObserver } from './stream-observer.js'

/** How long a lease is taken for, milliseconds. */
export const LEASE_MS = 10_000

/** How often leases are renewed. */
export const RENEW_MS = Math.floor(LEASE_MS / 3)

/** How often it is looked who else relays, and what is free; and how soon what failed is tried again. */
export const LOOK_MS = 1_000

/** What whoever works on shards is told. */
export interface TenureListener {
  began(tenure: Tenure): void
  /** The shard is to be another relay's: nothing further of it may begin. Resolves once what was under way has ended. */
  leave(tenure: Tenure): Promise<void>
  ended(tenure: Tenure): void
}

/**
 * Takes this process's share of the leases `shard-0`… and keeps it. Each relay has a seat besides, a lease that says no more than that it is there; whoever
 * looks who sits and who holds what knows the share of each (SN2), gives up what it has above its own, and takes what is free up to it.
 *
 * What counts is the time left since *before* the store was asked, by a clock that never goes back and by the time of day both: neither a slow answer, a clock
 * that was set, nor a pause of the process makes a lease look longer than it is (V23).
 *
 *     free ──take──▶ held ──renew──▶ held ── more than its share ──▶ leaving ── nothing under way ──▶ released
 *                     │                                                │
 *                     ▼ not renewed by (end - margin), another has it, fenced, stopped
 *                   ended: whoever works on the shard is told at once
 */
export class ShardLeases {
  private readonly tenures = new Map<number, HeldTenure>()
  /** Shards on their way back to the store; taken meanwhile, one would be thought held and be free. */
  private readonly returning = new Set<number>()
  /** The seat that this relay has. */
  private seat: string | null = null
  /** When leases are to be renewed, by `Clock.elapsed`. */
  private renewAt = 0
  private asking: Promise<void> | null = null
  private cancelNext = (): void => undefined
  private stopped = false

  constructor(
    private readonly deps: Readonly<{
      store: LeaseStore
      clock: Clock
      /** Names this process among all that share the store. */
      holder: string
      listener: TenureListener
      observer: Pick<StreamObserver, 'leased' | 'leaseEnded' | 'failed'>
    }>,
  ) {}

  /** Shards held now. */
  get held(): number {
    return this.tenures.size
  }

  holds(shard: number): boolean {
    return this.tenures.has(shard)
  }

  start(): void {
    void this.renew()
  }

  /** Prolongs what is held and sees to this relay's share, once at a time; resolves when that succeeded or failed. */
  renew(): Promise<void> {
    this.renewAt = 0
    return this.ask()
  }

  /** To be called when the store says that the lease is no longer the newest (V7). */
  giveUp(tenure: Tenure): void {
    const held = this.tenures.get(tenure.shard)
    if (held === tenure) this.end(held, 'taken-over')
  }

  /** Takes and renews nothing further; what is held stays held until it ends or is released. */
  halt(): void {
    this.stopped = true
    this.cancelNext()
  }

  /** Gives back whatever is held, so that another relay can go on at once. */
  async release(): Promise<void> {
    this.halt()
    for (const tenure of [...this.tenures.values()]) this.end(tenure, 'stopped')
    await this.asking // what it may still take must be given back too
    await this.giveBack()
  }

  private ask(): Promise<void> {
    if (this.stopped) return Promise.resolve()
    this.asking ??= this.askOnce().finally(() => (this.asking = null))
    return this.asking
  }

  private async askOnce(): Promise<void> {
    const { clock, observer } = this.deps
    this.cancelNext()
    let nextMs = LOOK_MS
    try {
      if (clock.elapsed() >= this.renewAt) await this.prolong()
      if (!this.stopped) await this.share()
      nextMs = Math.min(LOOK_MS, Math.max(1, Math.ceil(this.renewAt - clock.elapsed())))
    } catch (cause) {
      observer.failed('leases', cause)
    }
    if (!this.stopped) this.cancelNext = clock.after(nextMs, () => void this.ask())
  }

  private async prolong(): Promise<void> {
    const startedAt = this.deps.clock.elapsed()
    const shards = [...this.tenures.keys()]
    const names = shards.map(leaseName)
    if (this.seat !== null) names.push(this.seat)
    const taken = names.length === 0 ? [] : await this.take(names, shards)
    // More relays than seats, and so than shards, wait until one of those who sit is gone.
    if (!taken.some(({ name }) => name === this.seat)) this.seat = (await this.take(SEATS, [], 1))[0]?.name ?? null
    this.renewAt = startedAt + RENEW_MS
  }

  /** Gives up what is above this relay's share, or takes what is free below it. */
  private async share(): Promise<void> {
    const { store, clock, holder } = this.deps
    const holders = await store.holders({ names: ALL, now: clock.now() })
    const share = fairShare(holder, shardsByHolder(holders), SHARDS)
    const kept = [...this.tenures.values()].filter(({ leaving }) => !leaving)
    if (kept.length > share) for (const tenure of kept.slice(share)) void this.handOver(tenure)
    if (kept.length >= share) return
    const mayHave = (shard: number) => !this.returning.has(shard) && this.tenures.get(shard)?.leaving !== true
    const shards = this.shardsInOrder().filter(mayHave)
    const missing = shards.filter((shard) => !this.tenures.has(shard))
    const isFree = (shard: number) => (holders.get(leaseName(shard)) ?? holder) === holder
    if (missing.some(isFree)) await this.take(shards.map(leaseName), shards, share)
  }

  /** Beginning with another one than the other relays do, so that they seldom want the same. */
  private shardsInOrder(): readonly number[] {
    const first = this.seat === null ? 0 : SEATS.indexOf(this.seat)
    return SHARD_NUMBERS.map((shard) => (shard + first) % SHARDS)
  }

  /** Takes and prolongs, and begins and ends tenures of `shards` by what came of it. */
  private async take(names: readonly string[], shards: readonly number[], most?: number): Promise<readonly Lease[]> {
    const { store, clock, holder } = this.deps
    const now = clock.now()
    const goodUntil = clock.elapsed() + LEASE_MS - LEASE_MARGIN_MS
    const leases = await store.take({ names, holder, now, until: now + LEASE_MS, ...(most !== undefined && { most }) })
    if (!this.stopped) this.settle(shards, leases, goodUntil)
    return leases
  }

  private settle(shards: readonly number[], leases: readonly Lease[], goodUntil: number): void {
    for (const shard of shards) {
      const lease = leases.find(({ name }) => name === leaseName(shard))
      const held = this.tenures.get(shard)
      if (lease !== undefined && held?.lease.epoch === lease.epoch) {
        held.prolong(lease, goodUntil)
        continue
      }
      if (held !== undefined) this.end(held, 'taken-over')
      if (lease !== undefined) this.begin(new HeldTenure(shard, lease, goodUntil, this.deps.clock))
    }
  }

  /** Whoever takes it next finds everything published and marked, or not begun: nothing is sent twice. */
  private async handOver(tenure: HeldTenure): Promise<void> {
    tenure.leaving = true
    await this.deps.listener.leave(tenure)
    while (this.asking !== null) await this.asking // which may be about to prolong it
    const { shard } = tenure
    if (this.tenures.get(shard) !== tenure) return
    this.end(tenure, 'shared')
    this.returning.add(shard)
    await this.giveBack([leaseName(shard)])
    this.returning.delete(shard)
  }

  private async giveBack(names?: readonly string[]): Promise<void> {
    const { store, holder, observer } = this.deps
    try {
      await store.release(holder, names)
    } catch (cause) {
      observer.failed('leases', cause)
    }
  }

  private begin(tenure: HeldTenure): void {
    if (tenure.leftMs() === 0) return // the answer took too long
    this.tenures.set(tenure.shard, tenure)
    this.deps.observer.leased(tenure.shard, tenure.lease.epoch)
    this.watch(tenure)
    this.deps.listener.began(tenure)
  }

  /** Ends a tenure the moment its time is up. */
  private watch(tenure: HeldTenure): void {
    tenure.cancelWatch = this.deps.clock.after(Math.max(1, Math.ceil(tenure.leftMs())), () => {
      if (this.tenures.get(tenure.shard) !== tenure) return
      if (tenure.leftMs() === 0) this.end(tenure, 'not-renewed')
      else this.watch(tenure)
    })
  }

  private end(tenure: HeldTenure, why: LeaseEnd): void {
    this.tenures.delete(tenure.shard)
    tenure.end()
    this.deps.observer.leaseEnded(tenure.shard, tenure.lease.epoch, why)
    this.deps.listener.ended(tenure)
  }
}

/** How many shards each has that relays, of whoever sits or has one. */
function shardsByHolder(holders: ReadonlyMap<string, string>): ReadonlyMap<string, number> {
  const shards = new Map<string, number>()
  for (const [name, holder] of holders) {
    shards.set(holder, (shards.get(holder) ?? 0) + Number(!SEATS.includes(name)))
  }
  return shards
}

/** The lease that stands for a shard. */
export const leaseName = (shard: number): string => `shard-${shard}`

const SHARD_NUMBERS = Array.from({ length: SHARDS }, (_, shard) => shard)
/** As many as there are shards: with more relays than that some have none, and need not be known of. */
const SEATS = SHARD_NUMBERS.map((seat) => `relay-${seat}`)
const ALL = [...SEATS, ...SHARD_NUMBERS.map(leaseName)]
