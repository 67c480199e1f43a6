import type { IdentityPoolId } from '@satchel/protocol'
import type { Logger } from 'pino'
import type { StreamingPool } from '../store/pool-store.js'
import type { BulkPublishObserver } from '../stream/bulk-publisher.js'
import type { BulkPublish } from '../stream/bulk-publishes.js'
import type { StreamSettingsObserver } from '../stream/stream-settings.js'
import type { Metrics } from './metrics.js'

/** Logs what becomes of the streams of pools. */
export class StreamSettingsWatch implements StreamSettingsObserver {
  constructor(private readonly log: Logger) {}

  enabled(stream: StreamingPool & Readonly<{ topic: string; partitions: number }>): void {
    this.log.info({ ...stream }, 'the stream of a pool was enabled')
  }

  warned(pool: IdentityPoolId, warning: string): void {
    this.log.warn({ pool }, warning)
  }

  disabled(stream: StreamingPool & Readonly<{ reason: string }>): void {
    this.log.error({ ...stream }, 'the stream of a pool was switched off by the server')
  }
}

/** Counts and logs how bulk publishes get on. */
export class BulkPublishWatch implements BulkPublishObserver {
  constructor(private readonly deps: Readonly<{ metrics: Metrics; log: Logger }>) {}

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
    this.deps.log.error({ cause }, 'a step of a bulk publish failed and will be tried again')
  }
}
