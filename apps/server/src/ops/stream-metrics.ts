import type * as PromClient from 'prom-client'
import type { PublishOutcome } from '../stream/publisher.js'
import { askedGauge, Counter, Histogram } from './instruments.js'

/** What is asked of the relay at every scrape; null for what is not known. */
export type StreamFigures = Readonly<{
  backlogRows: () => number | null
  backlogAgeSeconds: () => number | null
  shardsHeld: () => number
  sendingRows: () => number
  /** Streams whose rows are set aside. */
  parked: () => Promise<number | null>
}>

const PUBLISH_SECONDS = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600]
const MARK_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

/** What Prometheus may ask of the change stream. */
export class StreamMetrics {
  private readonly published: PromClient.Counter
  private readonly sends: PromClient.Counter<'outcome'>
  private readonly marked: PromClient.Counter
  private readonly markSeconds: PromClient.Histogram
  private readonly publishSeconds: PromClient.Histogram
  private readonly linked: PromClient.Counter
  private readonly failures: PromClient.Counter<'work'>

  constructor(private readonly registry: PromClient.Registry) {
    const registers = [registry]
    this.published = new Counter({
      name: 'satchel_stream_published_total',
      help: 'Changes that Kafka acknowledged, those published again included.',
      registers,
    })
    this.sends = new Counter({
      name: 'satchel_stream_sends_total',
      help: 'Sends to Kafka, by outcome.',
      labelNames: ['outcome'],
      registers,
    })
    this.marked = new Counter({
      name: 'satchel_stream_marked_total',
      help: 'Changes that were marked as published.',
      registers,
    })
    this.markSeconds = new Histogram({
      name: 'satchel_stream_mark_seconds',
      help: 'Time one transaction that marks changes as published takes.',
      buckets: MARK_SECONDS,
      registers,
    })
    this.publishSeconds = new Histogram({
      name: 'satchel_stream_publish_seconds',
      help: 'Time from a change accepted to Kafka acknowledging it.',
      buckets: PUBLISH_SECONDS,
      registers,
    })
    this.linked = new Counter({
      name: 'satchel_stream_linked_total',
      help: 'Changes that became a link because their topic would not take them.',
      registers,
    })
    this.failures = new Counter({
      name: 'satchel_stream_failures_total',
      help: 'Work of the relay with the store that failed and will be tried again, by kind.',
      labelNames: ['work'],
      registers,
    })
  }

  countSend(outcome: PublishOutcome['kind']): void {
    this.sends.labels(outcome).inc()
  }

  /** Counts changes that were acknowledged, each with the milliseconds since it was accepted. */
  observePublished(agesMs: readonly number[]): void {
    this.published.inc(agesMs.length)
    for (const ageMs of agesMs) this.publishSeconds.observe(Math.max(0, ageMs) / 1_000)
  }

  observeMarked(rows: number, seconds: number): void {
    this.marked.inc(rows)
    this.markSeconds.observe(seconds)
  }

  countLinked(): void {
    this.linked.inc()
  }

  /** `work` is one of a closed set. */
  countFailure(work: string): void {
    this.failures.labels(work).inc()
  }

  /** Asks `figures` at every scrape. Call it once. */
  watch({ backlogRows, backlogAgeSeconds, shardsHeld, sendingRows, parked }: StreamFigures): void {
    const gauge = (name: string, help: string, read: () => number | null | Promise<number | null>) =>
      askedGauge({ registry: this.registry, name, help, read })
    gauge('satchel_stream_backlog_rows', 'Changes that wait to be published, seconds ago.', backlogRows)
    gauge('satchel_stream_backlog_age_seconds', 'Age of the oldest change that waits.', backlogAgeSeconds)
    gauge('satchel_stream_shards_held', 'Parts of the stream that this process relays.', shardsHeld)
    gauge('satchel_stream_sending_rows', 'Changes sent to Kafka that it has not acknowledged yet.', sendingRows)
    gauge('satchel_stream_parked', 'Streams whose changes are set aside.', () => parked().catch(() => null))
  }
}
