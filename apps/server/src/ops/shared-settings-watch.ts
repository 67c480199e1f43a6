import type { Logger } from 'pino'
import { differing } from '../config/shared-settings.js'
import type { Clock } from '../runtime/clock.js'
import type { LeaseStore } from '../store/lease-store.js'
import type { StoreAbsence } from './store-absence.js'

/** Whoever has this lease says by its holder how the settings of the site are. */
export const SETTINGS_LEASE = 'settings'

const LEASE_MS = 30_000
const LOOK_EVERY_MS = 10_000

/**
 * Says in the log which settings of this node are not those of the others (MV9). Nodes hold one lease together, under a name that follows from their
 * settings: who has other settings does not get it, and learns from its holder which they are. One that is still another's when its time is over
 * was prolonged, so somebody is at work with those settings, and they are not what this node itself had before it was started anew.
 */
export class SharedSettingsWatch {
  private refusedSince: number | null = null
  private told = ''
  private cancel: () => void = () => {}
  private stopped = false

  constructor(
    private readonly deps: Readonly<{
      leases: Pick<LeaseStore, 'take' | 'holders'>
      /** Of this node's settings, by `config/shared-settings.ts`. */
      mark: () => string
      log: Logger
      absence: Pick<StoreAbsence, 'explains'>
      clock: Clock
    }>,
  ) {}

  start(): void {
    void this.look()
  }

  stop(): void {
    this.stopped = true
    this.cancel()
  }

  private async look(): Promise<void> {
    const { clock, log, absence } = this.deps
    try {
      this.judge(await this.differing(), clock.elapsed())
    } catch (cause) {
      if (!this.stopped && !absence.explains(cause))
        log.warn({ cause }, 'settings could not be compared with other nodes')
    }
    if (!this.stopped) this.cancel = clock.after(LOOK_EVERY_MS, () => void this.look())
  }

  /** Settings in which the lease's holder differs; none while that is this node or one like it. */
  private async differing(): Promise<readonly string[]> {
    const { leases, mark, clock } = this.deps
    const [holder, now, names] = [mark(), clock.now(), [SETTINGS_LEASE]]
    if ((await leases.take({ names, holder, now, until: now + LEASE_MS })).length > 0) return []
    const other = (await leases.holders({ names, now })).get(SETTINGS_LEASE)
    return other === undefined ? [] : differing(holder, other)
  }

  private judge(settings: readonly string[], now: number): void {
    const { log } = this.deps
    if (settings.length === 0) {
      if (this.told !== '') log.info('the settings of this node are those of the others again')
      this.refusedSince = null
      this.told = ''
      return
    }
    this.refusedSince ??= now
    if (now - this.refusedSince <= LEASE_MS || this.told === settings.join()) return
    this.told = settings.join()
    log.warn(
      { settings },
      'other nodes on this database have other settings where all have to have the same; while they are changed node by node that is as it should be',
    )
  }
}
