import type { Clock } from '../../runtime/clock.js'
import type { Publisher } from '../publisher.js'

/**
 * A process that a test can pause and kill: whatever it awaits of the ports it was given, and its timers, come back only while it runs. What it began
 * with a port goes on without it, as a request that was sent does.
 */
export class SimProcess {
  private state: 'runs' | 'paused' | 'dead' = 'runs'
  private waiting: (() => void)[] = []

  constructor(
    private readonly parts: Readonly<{
      clock: Clock
      /** How long a call takes on its way there or back, milliseconds; asked for each. */
      delayMs: () => number
    }>,
  ) {}

  get isRunning(): boolean {
    return this.state === 'runs'
  }

  get isDead(): boolean {
    return this.state === 'dead'
  }

  readonly clock: Clock = {
    now: () => this.parts.clock.now(),
    elapsed: () => this.parts.clock.elapsed(),
    after: (delayMs, work) => {
      let cancelled = false
      const cancel = this.parts.clock.after(delayMs, () => this.whenRunning(() => cancelled || work()))
      return () => {
        cancelled = true
        cancel()
      }
    },
    soon: (work) => this.parts.clock.soon(() => this.whenRunning(work)),
  }

  pause(): void {
    if (this.state === 'runs') this.state = 'paused'
  }

  resume(): void {
    if (this.state !== 'paused') return
    this.state = 'runs'
    for (const work of this.waiting.splice(0)) work()
  }

  kill(): void {
    this.state = 'dead'
    this.waiting = []
  }

  /** The port as this process reaches it. Every method must answer a promise. */
  reach<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return (...given: readonly unknown[]) =>
          this.call(() => Reflect.apply(member, target, given) as Promise<unknown>)
      },
    })
  }

  reachPublisher(publisher: Publisher): Publisher {
    return {
      publish: (topic, messages) => this.call(() => publisher.publish(topic, messages)),
      close: () => publisher.close(),
    }
  }

  private async call<T>(work: () => Promise<T>): Promise<T> {
    await this.running()
    await this.travel()
    // Whoever asked may be dead by now: that does not call back what is on its way.
    const answer = work()
    answer.catch(() => undefined) // it may fail while nobody waits for it
    await answer.catch(() => undefined)
    await this.travel()
    await this.running()
    return answer
  }

  private travel(): Promise<void> {
    const ms = this.parts.delayMs()
    return ms <= 0 ? Promise.resolve() : new Promise((done) => this.parts.clock.after(ms, done))
  }

  private running(): Promise<void> {
    return new Promise((go) => this.whenRunning(go))
  }

  private whenRunning(work: () => void): void {
    if (this.state === 'runs') work()
    else if (this.state === 'paused') this.waiting.push(work)
  }
}
