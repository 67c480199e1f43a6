import type { Clock } from '../../../apps/server/src/runtime/clock.js'
import type { LeaseStore } from '../../../apps/server/src/store/lease-store.js'
import type { OutboxStore } from '../../../apps/server/src/store/outbox-store.js'

/** A mark that a part of the process asked for, and what the store said to it. */
export type Mark = Readonly<{ shard: number; epoch: number; rows: number; marked: boolean }>

/**
 * Stops one part of this process as SIGSTOP stops a process: its timers do not run and what it asks of the store is neither done nor answered
 * until it goes on, while the time of day goes on for everybody. Its clock runs faster than the world's, so that leases end soon.
 */
export class Suspension implements Clock {
  readonly marks: Mark[] = []
  /** Marks that were asked for, and that the store has not been told of. */
  marksHeld = 0
  private readonly waiting: (() => void)[] = []
  private suspended = false

  constructor(
    private readonly world: Clock,
    private readonly speed: number,
  ) {}

  suspend(): void {
    this.suspended = true
  }

  /** What the store was asked for is done first, and timers that were due run behind it. */
  resume(): void {
    this.suspended = false
    for (const goOn of this.waiting.splice(0)) goOn()
  }

  now(): number {
    return Math.floor(this.world.now() * this.speed)
  }

  elapsed(): number {
    return this.world.elapsed() * this.speed
  }

  after(delayMs: number, work: () => void): () => void {
    let cancelled = false
    const cancel = this.world.after(delayMs / this.speed, () => {
      // Once more around, so that a timer never overtakes what the store has to answer.
      const run = () => void this.world.soon(() => cancelled || work())
      if (this.suspended) this.waiting.push(run)
      else if (!cancelled) work()
    })
    return () => {
      cancelled = true
      cancel()
    }
  }

  soon(work: () => void): void {
    this.world.soon(work)
  }

  leases(store: LeaseStore): LeaseStore {
    return {
      take: (request) => this.held(() => store.take(request)),
      holders: (request) => this.held(() => store.holders(request)),
      release: (holder, names) => this.held(() => store.release(holder, names)),
    }
  }

  outbox(store: OutboxStore): OutboxStore {
    return new Proxy(store, {
      get: (target, name: keyof OutboxStore) => {
        if (name === 'markPublished') return (asked: MarkRequest) => this.mark(target, asked)
        return (...asked: never[]) =>
          this.held(() => (target[name] as (...asked: never[]) => Promise<unknown>)(...asked))
      },
    })
  }

  private async mark(store: OutboxStore, asked: MarkRequest): Promise<boolean> {
    this.marksHeld++
    const marked = await this.held(() => {
      this.marksHeld--
      return store.markPublished(asked)
    })
    this.marks.push({ shard: asked.shard, epoch: asked.lease.epoch, rows: asked.seqs.length, marked })
    return marked
  }

  private async held<T>(ask: () => Promise<T>): Promise<T> {
    await this.going()
    const answer = await ask()
    await this.going()
    return answer
  }

  private going(): Promise<void> | null {
    return this.suspended ? new Promise((resolve) => this.waiting.push(resolve)) : null
  }
}

type MarkRequest = Parameters<OutboxStore['markPublished']>[0]
