import { byteSize } from '@satchel/protocol'
import { SHARDS, type PlacedOutboxRow } from '../../domain/outbox-row.js'
import type { Clock } from '../../runtime/clock.js'
import { HeldClock } from '../../runtime/testing/held-clock.js'
import { SeededRandom } from '../../runtime/testing/seeded-random.js'
import type { LeaseStore } from '../../store/lease-store.js'
import type { OutboxStore } from '../../store/outbox-store.js'
import type { OpenPublisher } from '../publisher.js'
import { RELAY_BOUNDS, type RelayBounds } from '../relay-bounds.js'
import { Relay } from '../relay.js'
import { leaseName } from '../shard-leases.js'
import { anOutboxRow, STREAM } from './an-outbox-row.js'
import { HandOutbox } from './hand-outbox.js'
import { judgeStream } from './judge-stream.js'
import { MemoryKafka, type Fault } from './memory-kafka.js'
import { silentObserver } from './silent-observer.js'
import { SimProcess } from './sim-process.js'

/** What a process is given in place of the real ports: where a test plants a bug. */
export type Plant = Readonly<{
  outbox?: (outbox: OutboxStore) => OutboxStore
  leases?: (leases: LeaseStore) => LeaseStore
  open?: (open: OpenPublisher) => OpenPublisher
  clock?: (clock: Clock) => Clock
}>

type Member = { readonly process: SimProcess; readonly relay: Relay }

const IDENTITIES = 12
const FAULTS: readonly Fault[] = ['lost', 'written', 'late', 'partial']

/** Small, so that a short history meets every bound. */
const BOUNDS: RelayBounds = {
  ...RELAY_BOUNDS,
  windowRowsMax: 24,
  batchRowsMax: 8,
  batchBytesMax: 4_000,
  markRowsMin: 5,
  unmarkedRowsMax: 16,
}

/**
 * Relays of several processes over one store and one broker, on one seed: writers commit, processes are paused and killed and come anew, calls fail, get lost and
 * arrive late, the broker goes away and hangs.
 */
export class StreamWorld {
  readonly clock = new HeldClock()
  readonly kafka = new MemoryKafka(this.clock)
  readonly outbox = HandOutbox.create()
  /** What no send may do, found while it went. */
  readonly findings: string[] = []
  private readonly random: SeededRandom
  private readonly committed: PlacedOutboxRow[] = []
  private readonly countsByDataset = new Map<string, number>()
  private readonly writing = new Set<number>()
  private readonly members: Member[] = []
  private readonly shards = Array.from({ length: SHARDS }, (_, shard) => shard)
  private acknowledged = 0
  private faulty = true

  constructor(
    seed: number,
    private readonly options: Readonly<{ processes: number; plant?: Plant }>,
  ) {
    this.random = new SeededRandom(seed)
    this.kafka.create(STREAM, { partitions: 4, batchBytesMax: 5_000 })
    this.kafka.nextFault = () => (this.faulty && this.chance(0.1) ? this.pick(FAULTS) : 'none')
    this.kafka.delayMs = () => (this.faulty && this.chance(0.02) ? this.random.below(8_000) : this.random.below(20))
    this.kafka.lateMs = 50 + this.random.below(20_000)
    for (let index = 0; index < options.processes; index++) this.members.push(this.startMember())
  }

  /** Rows committed so far. */
  get size(): number {
    return this.committed.length
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.disturb()
      if (this.chance(0.5)) this.write()
      await this.pass(1 + this.random.below(this.chance(0.1) ? 1_500 : 40))
    }
  }

  /** Mends everything, and waits until nothing is left to publish; says what is wrong when that takes too long. */
  async heal(): Promise<void> {
    this.faulty = false
    this.kafka.away = false
    this.kafka.resume()
    for (const [index, { process }] of this.members.entries()) {
      process.resume()
      if (process.isDead) this.members[index] = this.startMember()
    }
    for (let waitedMs = 0; waitedMs < 90_000; waitedMs += 50) {
      await this.pass(50)
      if (this.outbox.waiting.size === 0 && this.writing.size === 0) break
    }
    await this.pass(this.kafka.lateMs + 10_000)
  }

  /** Everything that is wrong. */
  judge(): readonly string[] {
    const undrained = this.outbox.waiting.size === 0 ? [] : [`${this.outbox.waiting.size} rows were never marked`]
    const linkedIds = this.outbox.linkedIds
    return [...this.findings, ...undrained, ...judgeStream(this.committed, this.kafka.messages(STREAM), linkedIds)]
  }

  /** How often the history met what relays are hard for. */
  met(): Readonly<Record<'repeats' | 'takeovers' | 'links' | 'lateCommits' | 'refusals', number>> {
    const inPlace = this.committed.filter(({ seq }, at) => seq > (this.committed[at - 1]?.seq ?? 0))
    return {
      repeats: this.kafka.messages(STREAM).length - this.committed.length,
      takeovers: this.shards.reduce((sum, shard) => sum + this.outbox.lease(leaseName(shard))!.epoch - 1, 0),
      links: this.outbox.linkedIds.size,
      lateCommits: this.committed.length - inPlace.length,
      refusals: this.kafka.calls.length - this.acknowledged,
    }
  }

  /** Lets time pass, bit by bit, so that what waits for each other gets its turns. */
  private async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 25) {
      this.clock.advance(Math.min(left, 25))
      await new Promise(setImmediate)
    }
  }

  private disturb(): void {
    const index = this.random.below(this.members.length)
    const { process } = this.members[index]!
    if (process.isDead) {
      if (this.chance(0.2)) this.members[index] = this.startMember()
    } else if (!process.isRunning) {
      if (this.chance(0.05)) process.resume()
    } else if (this.chance(0.01)) process.kill()
    else if (this.chance(0.02)) process.pause()

    if (this.chance(this.kafka.away ? 0.1 : 0.02)) this.kafka.away = !this.kafka.away
    if (this.chance(0.01)) this.kafka.pause()
    else if (this.chance(0.1)) this.kafka.resume()
  }

  /** A few changes of one identity; in other identities' way they never are, so some commit late and some do not commit in the order of their places. */
  private write(): void {
    const identity = this.random.below(IDENTITIES)
    if (this.writing.has(identity)) return
    const rows = Array.from({ length: 1 + this.random.below(4) }, () => {
      const dataset = this.pick(['settings', 'scores'])
      const at = `${identity}/${dataset}`
      const count = (this.countsByDataset.get(at) ?? 0) + 1
      this.countsByDataset.set(at, count)
      // Now and then more than a batch of the topic can be.
      const length = this.chance(0.02) ? 6_000 : this.random.below(1_500)
      return anOutboxRow(identity, count, { dataset, payload: `${at}/${count} ${'x'.repeat(length)}` })
    })
    const begun = rows.map((row) => this.outbox.begin(row))
    this.writing.add(identity)
    const commit = () => {
      for (const { commit } of begun) this.committed.push(commit())
      this.writing.delete(identity)
      for (const { process, relay } of this.members) if (process.isRunning) relay.wake()
    }
    if (this.chance(0.3)) this.clock.after(this.random.below(500), commit)
    else commit()
  }

  private startMember(): Member {
    const { plant } = this.options
    const process = new SimProcess({ clock: this.clock, delayMs: () => this.random.below(this.chance(0.1) ? 40 : 3) })
    const open: OpenPublisher = () => {
      const publisher = this.kafka.open()
      // Judged where the process calls, not where the call arrives: it may arrive late, and then is a duplicate at worst.
      return process.reachPublisher(publisher)
    }
    const planted = plant?.open?.(open) ?? open
    const outbox = process.reach<OutboxStore>(this.outbox)
    const leases = process.reach<LeaseStore>(this.outbox.leases)
    const relay = new Relay({
      outbox: plant?.outbox?.(outbox) ?? outbox,
      leases: plant?.leases?.(leases) ?? leases,
      topics: process.reach(this.kafka),
      openPublisher: () => this.judged(planted()),
      topicPrefix: '',
      link: async (row) => {
        await outbox.addLinkedRecords({ id: row.id, records: row.payload, createdAt: 0 })
        return `link:${row.id}`
      },
      disable: () => Promise.resolve(),
      disableAll: () => Promise.resolve(),
      backlogRowsMax: 1_000_000,
      clock: plant?.clock?.(process.clock) ?? process.clock,
      random: this.random,
      bounds: BOUNDS,
      observer: silentObserver({ defect: (cause) => this.findings.push(`defect: ${String(cause)}`) }),
    })
    relay.start()
    return { process, relay }
  }

  /** Notes every send that begins without the newest lease of its shard, or while another of its publisher is under way. */
  private judged(publisher: ReturnType<OpenPublisher>): ReturnType<OpenPublisher> {
    let under = 0
    return {
      publish: async (topic, messages) => {
        for (const { key, headers } of messages) this.judgeLease(key, Number(headers['leaseEpoch']))
        if (under > 0) this.findings.push('two sends of one publisher at a time')
        if (messages.length > 1 && messages.reduce((sum, { value }) => sum + byteSize(value), 0) > 4_000) {
          this.findings.push('a batch is larger than it may be')
        }
        under++
        try {
          const outcome = await publisher.publish(topic, messages)
          if (outcome.kind === 'acknowledged') this.acknowledged++
          return outcome
        } finally {
          under--
        }
      },
      close: () => publisher.close(),
    }
  }

  private judgeLease(key: string, epoch: number): void {
    const name = leaseName(anOutboxRow(Number(key.split(':')[1]), 1).shard)
    const newest = this.outbox.lease(name)!
    const leftMs = newest.until - this.clock.now()
    if (newest.epoch === epoch && leftMs > 0) return
    this.findings.push(`a send began under epoch ${epoch} of ${name}; it is ${newest.epoch}, for ${leftMs} ms`)
  }

  private chance(of: number): boolean {
    return this.random.next() < of
  }

  private pick<T>(from: readonly T[]): T {
    return from[this.random.below(from.length)]!
  }
}
