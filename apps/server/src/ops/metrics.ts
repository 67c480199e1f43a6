import { CLIENT_MESSAGES, errorCodes, type ErrorCode } from '@satchel/protocol'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type * as PromClient from 'prom-client'
import type { Clock } from '../runtime/clock.js'
import type { ConnectionFigures, ConnectionKind, ListingSource } from '../store/connection-figures.js'
import { watchConnections, watchListings } from './connection-metrics.js'
import { FanoutMetrics } from './fanout-metrics.js'
import { askedGauge, Counter, Histogram, Registry } from './instruments.js'
import { operationNames, UNKNOWN_OPERATION } from './operation-names.js'
import { Remembered } from './remembered.js'
import { StreamMetrics } from './stream-metrics.js'

export type OutcomeCode = ErrorCode | 'OK'

/** What waits for a commit. */
export type QueueFigures = Readonly<{ depth: number; bytes: number }>

/** What the store holds. */
export type StoreFigures = Readonly<{
  identities: number
  datasets: number
  /** Live ones; tombstones are not counted. */
  records: number
  /** Of live records: UTF-8 of key plus value. */
  storedBytes: number
  /** On disk, the write-ahead log included. */
  databaseBytes: number
}>

/** Counting the store's rows takes a while, so a scraper that comes often gets the same figures again. */
export const STORE_FIGURES_LIFE_MS = 30_000

const LAG_RESOLUTION_MS = 10

const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const COMMIT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
const GROUP_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024]

type RequestInstruments = {
  readonly seconds: PromClient.Histogram.Internal<'operation'>
  readonly countsByCode: Map<string, PromClient.Counter.Internal>
}

/**
 * Everything that Prometheus may ask of a server. Label values come from closed sets, so the number of series is
 * bounded whatever callers send (SPEC O22). Counting a request costs less than 1.5 µs.
 */
export class Metrics {
  readonly contentType: string
  private readonly registry = new Registry()
  private readonly instrumentsByOperation = new Map<string, RequestInstruments>()

  private readonly requests = new Counter({
    name: 'satchel_requests_total',
    help: 'Requests answered, by operation and error code (OK for none).',
    labelNames: ['operation', 'code'],
    registers: [this.registry],
  })
  private readonly requestSeconds = new Histogram({
    name: 'satchel_request_seconds',
    help: 'Time from a request head received to its answer sent.',
    labelNames: ['operation'],
    buckets: REQUEST_SECONDS,
    registers: [this.registry],
  })
  private readonly commitSeconds = new Histogram({
    name: 'satchel_commit_seconds',
    help: 'Time one durable transaction of the write queue takes.',
    buckets: COMMIT_SECONDS,
    registers: [this.registry],
  })
  private readonly groupSize = new Histogram({
    name: 'satchel_commit_group_size',
    help: 'Writes that one transaction carries.',
    buckets: GROUP_SIZES,
    registers: [this.registry],
  })
  private readonly commitsFailed = new Counter({
    name: 'satchel_commits_failed_total',
    help: 'Transactions of the write queue that stored nothing, as far as is known.',
    registers: [this.registry],
  })
  private readonly writesRefused = new Counter({
    name: 'satchel_writes_refused_total',
    help: 'Writes turned away because the write queue was full.',
    registers: [this.registry],
  })
  private readonly rowsRemoved = new Counter({
    name: 'satchel_rows_removed_total',
    help: 'Rows that housekeeping removed, by kind.',
    labelNames: ['kind'],
    registers: [this.registry],
  })
  private readonly housekeepingFailed = new Counter({
    name: 'satchel_housekeeping_failed_total',
    help: 'Pieces of housekeeping that failed and will be tried again.',
    registers: [this.registry],
  })

  private readonly messages = new Counter({
    name: 'satchel_messages_total',
    help: 'Messages of sockets answered, by message and error code (OK for none).',
    labelNames: ['message', 'code'],
    registers: [this.registry],
  })
  private readonly hints = new Counter({
    name: 'satchel_hints_total',
    help: 'Changes told to sockets: sent as they were, or coalesced because the reader was slow.',
    labelNames: ['kind'],
    registers: [this.registry],
  })
  private readonly socketsEnded = new Counter({
    name: 'satchel_sockets_ended_total',
    help: 'Sockets that ended, by reason.',
    labelNames: ['reason'],
    registers: [this.registry],
  })
  private readonly upgradesRefused = new Counter({
    name: 'satchel_upgrades_refused_total',
    help: 'Sockets that were turned away before they opened, by error code.',
    labelNames: ['code'],
    registers: [this.registry],
  })

  private readonly bulkPublished = new Counter({
    name: 'satchel_bulk_publish_datasets_total',
    help: 'Datasets whose snapshots bulk publishes put into the outbox.',
    registers: [this.registry],
  })

  constructor(private readonly clock: Clock) {
    this.contentType = this.registry.contentType
  }

  /** Counts an answered request; an operation or code that is not known counts as `unknown`. */
  observeRequest(operation: string, code: string, seconds: number): void {
    const instruments = this.instrumentsByOperation.get(operation) ?? this.instrumentsFor(operation)
    const count = instruments.countsByCode.get(code) ?? this.countFor(instruments, operation, code)
    count.inc()
    instruments.seconds.observe(seconds)
  }

  /** Counts a transaction of the write queue. */
  observeCommit({ writes, seconds, failed }: Readonly<{ writes: number; seconds: number; failed: boolean }>): void {
    this.commitSeconds.observe(seconds)
    this.groupSize.observe(writes)
    if (failed) this.commitsFailed.inc()
  }

  countRefusedWrite(): void {
    this.writesRefused.inc()
  }

  countRemovedRows(kind: 'tombstones' | 'markers' | 'deleted' | 'changes' | 'signing-keys', rows: number): void {
    this.rowsRemoved.labels(kind).inc(rows)
  }

  countFailedHousekeeping(): void {
    this.housekeepingFailed.inc()
  }

  /** Counts a message that was answered on a socket; a name that is not known counts as `unknown`. */
  countMessage(message: string, code: OutcomeCode): void {
    this.messages.labels(messageNames.has(message) ? message : UNKNOWN_OPERATION, code).inc()
  }

  countHint(kind: 'sent' | 'coalesced'): void {
    this.hints.labels(kind).inc()
  }

  countEndedSocket(reason: string): void {
    this.socketsEnded.labels(reason).inc()
  }

  countRefusedUpgrade(code: ErrorCode): void {
    this.upgradesRefused.labels(code).inc()
  }

  countBulkPublished(datasets: number): void {
    this.bulkPublished.inc(datasets)
  }

  /** Asks at every scrape. */
  watchBulkPublishes(underway: () => number): void {
    this.gauge('satchel_bulk_publish_in_progress', 'Bulk publishes that are under way.', underway)
  }

  /** Asks at every scrape. */
  watchSockets(open: () => number): void {
    this.gauge('satchel_sockets', 'Sockets of the native face that are open.', open)
  }

  /** Asks `figures` at every scrape. */
  watchConnections(figures: () => ReadonlyMap<ConnectionKind, ConnectionFigures>): void {
    watchConnections(this.registry, figures)
  }

  /** Asks `figures` at every scrape. */
  watchListings(figures: () => ReadonlyMap<ListingSource, number>): void {
    watchListings(this.registry, figures)
  }

  /** Asks `figures` at every scrape. */
  watchQueue(figures: () => QueueFigures): void {
    this.gauge('satchel_write_queue_depth', 'Writes that wait for a transaction.', () => figures().depth)
    this.gauge('satchel_write_queue_bytes', 'Bytes of writes that wait for a transaction.', () => figures().bytes)
  }

  /**
   * Asks `figures` at a scrape, at most once in {@link STORE_FIGURES_LIFE_MS}. When that fails, the
   * gauges are missing from the scrape rather than wrong.
   */
  watchStore(figures: () => Promise<StoreFigures>): void {
    const remembered = new Remembered(figures, { clock: this.clock, lifeMs: STORE_FIGURES_LIFE_MS })
    const gauge = (name: string, help: string, member: keyof StoreFigures) =>
      this.gauge(name, help, async () => (await remembered.ask().catch(() => null))?.[member] ?? null)
    gauge('satchel_identities', 'Identities that exist.', 'identities')
    gauge('satchel_datasets', 'Datasets that exist.', 'datasets')
    gauge('satchel_records', 'Live records.', 'records')
    gauge('satchel_stored_bytes', 'Bytes of keys and values of live records.', 'storedBytes')
    gauge('satchel_database_bytes', 'Bytes of the database on disk.', 'databaseBytes')
  }

  /** Adds what nodes tell each other. Call it once. */
  addFanout(): FanoutMetrics {
    return new FanoutMetrics(this.registry)
  }

  /** Adds the change stream. Call it once. */
  addStream(): StreamMetrics {
    return new StreamMetrics(this.registry)
  }

  /**
   * Adds the process: processor time, memory, garbage collection, file handles and event-loop lag. Call it once;
   * resolves when all of them are there.
   */
  async watchProcess(): Promise<void> {
    const delays = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS })
    delays.enable()
    this.gauge('satchel_eventloop_lag_seconds', 'Longest event-loop delay since the scrape before.', () => {
      const longestMs = delays.max / 1e6 - LAG_RESOLUTION_MS // an idle loop shows the resolution itself
      delays.reset()
      return Math.max(0, longestMs) / 1_000
    })
    const { collectDefaultMetrics } = await import('prom-client')
    collectDefaultMetrics({ register: this.registry })
  }

  /** The text that a scraper reads. */
  text(): Promise<string> {
    return this.registry.metrics()
  }

  private gauge(name: string, help: string, read: () => number | null | Promise<number | null>): void {
    askedGauge({ registry: this.registry, name, help, read })
  }

  /** Every unknown operation shares one entry, and none is remembered under the name it was asked by. */
  private instrumentsFor(operation: string): RequestInstruments {
    const known = operationNames.has(operation) ? operation : UNKNOWN_OPERATION
    const held = this.instrumentsByOperation.get(known)
    if (held !== undefined) return held
    const instruments = { seconds: this.requestSeconds.labels(known), countsByCode: new Map() }
    this.instrumentsByOperation.set(known, instruments)
    return instruments
  }

  private countFor({ countsByCode }: RequestInstruments, operation: string, code: string): PromClient.Counter.Internal {
    const known = code === 'OK' || Object.hasOwn(errorCodes, code) ? code : UNKNOWN_CODE
    const held = countsByCode.get(known)
    if (held !== undefined) return held
    const count = this.requests.labels(operationNames.has(operation) ? operation : UNKNOWN_OPERATION, known)
    countsByCode.set(known, count)
    return count
  }
}

const messageNames: ReadonlySet<string> = new Set(CLIENT_MESSAGES)

const UNKNOWN_CODE = 'unknown'
