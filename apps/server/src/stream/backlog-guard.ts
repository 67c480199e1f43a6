import type { Clock } from '../runtime/clock.js'
import type { OutboxStore } from '../store/outbox-store.js'
import type { StreamObserver } from './stream-observer.js'

/** How often the backlog is looked at, milliseconds; what is written between two looks may go above the cap. */
export const LOOK_MS = 5_000

/** Counting a large backlog takes a while; the next look waits so many times as long. */
const REST_PER_LOOK = 50

/**
 * Keeps the backlog bounded: when more than the most that may wait does, all streams are turned off, with that reason. Writes go on, and what
 * waits is still relayed (V27).
 */
export class BacklogGuard {
  private cancelNext = (): void => undefined
  private looking: Promise<void> | null = null
  private stopped = false

  constructor(
    private readonly deps: Readonly<{
      outbox: Pick<OutboxStore, 'backlog'>
      rowsMax: number
      /** Turns off every stream that is on, and notes why. May be called again. */
      disableAll: (reason: string) => Promise<void>
      clock: Clock
      observer: Pick<StreamObserver, 'waiting' | 'full' | 'failed'>
    }>,
  ) {}

  start(): void {
    this.lookIn(0)
  }

  /** Looks no further; resolves when a look under way has ended. */
  async stop(): Promise<void> {
    this.stopped = true
    this.cancelNext()
    await this.looking
  }

  private lookIn(delayMs: number): void {
    if (this.stopped) return
    const { clock } = this.deps
    this.cancelNext = clock.after(delayMs, () => {
      const startedAt = clock.elapsed()
      this.looking = this.look().finally(() => {
        this.looking = null
        this.lookIn(Math.max(LOOK_MS, (clock.elapsed() - startedAt) * REST_PER_LOOK))
      })
    })
  }

  private async look(): Promise<void> {
    const { outbox, rowsMax, disableAll, observer } = this.deps
    let full = false
    try {
      const backlog = await outbox.backlog(rowsMax)
      observer.waiting(backlog)
      full = backlog.rows >= rowsMax
      if (full) observer.full(backlog, rowsMax)
    } catch (cause) {
      observer.failed('backlog', cause)
    }
    if (!full) return
    try {
      // At every look: somebody may have turned a stream on again meanwhile, which helps nobody while this lasts.
      await disableAll(`${rowsMax} changes wait to be published, which is all that may`)
    } catch (cause) {
      observer.failed('disable', cause)
    }
  }
}
