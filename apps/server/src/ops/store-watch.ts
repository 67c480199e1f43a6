import type { Logger } from 'pino'
import type { HousekeepingObserver, Removed } from '../datasets/housekeeping.js'
import type { QueueObserver } from '../datasets/write-queue.js'
import type { Metrics } from './metrics.js'
import type { StoreAbsence } from './store-absence.js'

/** Counts what the write queue tells, and logs what somebody has to look at. */
export class QueueWatch implements QueueObserver {
  constructor(private readonly deps: Readonly<{ metrics: Metrics; log: Logger; absence: StoreAbsence }>) {}

  committed(group: Readonly<{ writes: number; seconds: number; failed: boolean }>): void {
    this.deps.metrics.observeCommit(group)
  }

  refused(): void {
    this.deps.metrics.countRefusedWrite()
  }

  failed(cause: unknown): void {
    const { log, absence } = this.deps
    if (!absence.explains(cause)) log.error({ cause }, 'a write could not be stored')
  }
}

/** Counts what housekeeping tells, and logs what failed. */
export class HousekeepingWatch implements HousekeepingObserver {
  constructor(private readonly deps: Readonly<{ metrics: Metrics; log: Logger; absence: StoreAbsence }>) {}

  removed(what: Removed, rows: number): void {
    this.deps.metrics.countRemovedRows(what, rows)
  }

  failed(what: string, cause: unknown): void {
    const { metrics, log, absence } = this.deps
    metrics.countFailedHousekeeping()
    if (!absence.explains(cause)) log.error({ task: what, cause }, 'housekeeping failed and will be tried again')
  }
}
