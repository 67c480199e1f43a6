import type { IdentityPoolId } from '@satchel/protocol'
import type { Logger } from 'pino'
import type { StreamingPool } from '../store/pool-store.js'
import type { StreamSettingsObserver } from '../stream/stream-settings.js'

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
