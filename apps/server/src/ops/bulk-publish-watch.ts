import type { Logger } from 'pino'
import type { BulkPublishObserver } from '../stream/bulk-publisher.js'
import type { BulkPublish } from '../stream/bulk-publishes.js'
import type { Metrics } from './metrics.js'
import type { StoreAbsence } from './store-absence.js'

/** Counts and logs how bulk publishes get on. */
export class BulkPublishWatch implements BulkPublishObserver {
  constructor(private readonly deps: Readonly<{ metrics: Metrics; log: Logger; absence: StoreAbsence }>) {}

  advanced(datasets: number): void {
    this.deps.metrics.countBulkPublished(datasets)
  }

  progress({ pool, datasets }: BulkPublish, waitingRows: number): void {
    this.deps.log.info({ pool, datasets, waitingRows }, 'a bulk publish is under way')
  }

  succeeded({ pool, datasets }: BulkPublish, ms: number): void {
    this.deps.log.info({ pool, datasets, ms }, 'a bulk publish succeeded')
  }

  failed({ pool, datasets }: BulkPublish, failure: string): void {
    this.deps.log.warn({ pool, datasets, failure }, 'a bulk publish failed')
  }

  interrupted(cause: unknown): void {
    const { log, absence } = this.deps
    if (!absence.explains(cause)) log.error({ cause }, 'a step of a bulk publish failed and will be tried again')
  }
}
