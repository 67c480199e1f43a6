import type * as PromClient from 'prom-client'
import type { DropReason, RefusalReason } from '../fanout/bus-observer.js'
import { askedGauge, Counter } from './instruments.js'

/** What is asked of the bus at every scrape. */
export type FanoutFigures = Readonly<{ isUp: () => boolean; subscribed: () => number; underway: () => number }>

/** What Prometheus may ask of what nodes tell each other. */
export class FanoutMetrics {
  private readonly published: PromClient.Counter
  private readonly dropped: PromClient.Counter<'reason'>
  private readonly received: PromClient.Counter
  private readonly refused: PromClient.Counter<'reason'>
  private readonly away: PromClient.Counter
  private readonly looks: PromClient.Counter
  private readonly found: PromClient.Counter
  private readonly failed: PromClient.Counter

  constructor(private readonly registry: PromClient.Registry) {
    const registers = [registry]
    const counter = (name: string, help: string) => new Counter({ name, help, registers })
    const byReason = (name: string, help: string) => new Counter({ name, help, labelNames: ['reason'], registers })
    this.published = counter('satchel_fanout_published_total', 'Messages that Redis took for other nodes.')
    this.dropped = byReason('satchel_fanout_dropped_total', 'Messages for other nodes that went nowhere, by reason.')
    this.received = counter('satchel_fanout_received_total', 'Messages of other nodes that came.')
    this.refused = byReason('satchel_fanout_refused_total', 'Messages that came and were not believed, by reason.')
    this.away = counter('satchel_fanout_away_total', 'Times that other nodes ceased to be heard, or were not at first.')
    this.looks = counter(
      'satchel_recount_looks_total',
      'Identities whose datasets were looked up for what went unheard.',
    )
    this.found = counter('satchel_recount_found_total', 'Datasets that were found to have changed unheard.')
    this.failed = counter('satchel_recount_failed_total', 'Such looks that the database did not answer.')
  }

  countPublished(): void {
    this.published.inc()
  }

  countDropped(reason: DropReason, messages: number): void {
    this.dropped.labels(reason).inc(messages)
  }

  countReceived(): void {
    this.received.inc()
  }

  countRefused(reason: RefusalReason): void {
    this.refused.labels(reason).inc()
  }

  countAway(): void {
    this.away.inc()
  }

  countLook(found: number): void {
    this.looks.inc()
    this.found.inc(found)
  }

  countFailedLook(): void {
    this.failed.inc()
  }

  /** Asks `figures` at every scrape. Call it once. */
  watch({ isUp, subscribed, underway }: FanoutFigures): void {
    const gauge = (name: string, help: string, read: () => number) =>
      askedGauge({ registry: this.registry, name, help, read })
    gauge('satchel_fanout_connected', '1 while everything is heard that other nodes tell, else 0.', () =>
      isUp() ? 1 : 0,
    )
    gauge('satchel_fanout_subscriptions', 'Identities whose changes at other nodes are listened to.', subscribed)
    gauge('satchel_fanout_underway', 'Messages on their way to Redis.', underway)
  }
}
