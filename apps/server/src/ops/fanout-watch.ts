import type { Logger } from 'pino'
import type { RecountObserver } from '../datasets/recount.js'
import type { BusObserver, DropReason, RefusalReason } from '../fanout/bus-observer.js'
import type { WireFault } from '../fanout/wire.js'
import type { Clock } from '../runtime/clock.js'
import type { FanoutMetrics } from './fanout-metrics.js'
import { News } from './news.js'
import type { StoreAbsence } from './store-absence.js'

/** Counts what nodes tell each other, and logs when that begins and ends. */
export class FanoutWatch implements BusObserver, RecountObserver {
  private readonly news: News

  constructor(
    private readonly deps: Readonly<{ metrics: FanoutMetrics; log: Logger; clock: Clock; absence: StoreAbsence }>,
  ) {
    this.news = new News(deps.clock)
  }

  up(): void {
    this.deps.log.info('Redis carries: changes at other nodes are heard at once')
  }

  away({ kind, message }: WireFault): void {
    this.deps.metrics.countAway()
    this.deps.log.warn({ kind, reason: message }, 'Redis does not carry: changes at other nodes are looked for instead')
  }

  published(): void {
    this.deps.metrics.countPublished()
  }

  dropped(reason: DropReason, messages: number): void {
    this.deps.metrics.countDropped(reason, messages)
    if (reason === 'full' && this.news.is('full')) {
      this.deps.log.warn(
        'Redis is too slow for what this node has to tell: other nodes are asked to look for themselves',
      )
    }
  }

  received(): void {
    this.deps.metrics.countReceived()
  }

  refused(reason: RefusalReason): void {
    this.deps.metrics.countRefused(reason)
    if (reason !== 'version' && this.news.is('refused')) {
      this.deps.log.warn(
        { reason },
        'a message came by Redis that no node of this site can have sent: do all of them have the same SATCHEL_MASTER_KEY?',
      )
    }
  }

  looked(behind: number): void {
    this.deps.metrics.countLook(behind)
  }

  failed(cause: unknown): void {
    this.deps.metrics.countFailedLook()
    if (this.deps.absence.explains(cause)) return
    if (this.news.is('failed')) this.deps.log.warn({ err: cause }, 'changes at other nodes could not be looked for')
  }
}
