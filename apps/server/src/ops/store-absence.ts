import type { Logger } from 'pino'
import { Refusal } from '../refusal.js'
import type { Clock } from '../runtime/clock.js'

/** How often a store that was away is asked whether it answers, milliseconds. */
export const LOOK_MS = 5_000

/**
 * Logs once that the database does not answer, whichever work met it first, and once that it does again (PL13): work in the background is tried again and again
 * meanwhile, and a line for each try would bury what else there is to see. It is back when it answers and nothing has failed for {@link LOOK_MS}.
 */
export class StoreAbsence {
  private since: number | null = null
  private failedAt = 0
  private cancel: () => void = () => undefined
  private stopped = false

  constructor(
    private readonly deps: Readonly<{
      /** Any read of the database. */
      probe: () => Promise<unknown>
      log: Logger
      clock: Pick<Clock, 'elapsed' | 'after'>
    }>,
  ) {}

  /** True where work failed because the store is away or overloaded, which is told here; anything else is for whoever asks to tell. */
  explains(cause: unknown): boolean {
    if (!(cause instanceof Refusal) || !CODES.has(cause.code)) return false
    const { log, clock } = this.deps
    this.failedAt = clock.elapsed()
    if (this.since !== null || this.stopped) return true
    this.since = this.failedAt
    const { code, cause: why } = cause
    log.warn({ code, cause: why }, 'the database does not answer, or not in time; what waits for it is tried again')
    this.lookSoon()
    return true
  }

  /** Asks no longer. */
  stop(): void {
    this.stopped = true
    this.cancel()
  }

  private lookSoon(): void {
    if (!this.stopped) this.cancel = this.deps.clock.after(LOOK_MS, () => void this.look())
  }

  private async look(): Promise<void> {
    const { probe, log, clock } = this.deps
    const answers = await probe().then(
      () => true,
      () => false,
    )
    const { since } = this
    if (since === null || this.stopped) return
    if (!answers || clock.elapsed() - this.failedAt < LOOK_MS) return this.lookSoon()
    this.since = null
    log.info({ awaySeconds: Math.round((this.failedAt - since) / 1_000) }, 'the database answers again')
  }
}

const CODES: ReadonlySet<string> = new Set(['ServiceUnavailable', 'TooManyRequests'])
