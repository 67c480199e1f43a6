import type { Logger } from 'pino'
import type { PlacedOutboxRow } from '../domain/outbox-row.js'
import type { Clock } from '../runtime/clock.js'
import type { Backlog } from '../store/outbox-store.js'
import type { PublishOutcome } from '../stream/publisher.js'
import type { LeaseEnd, StoreWork, StreamObserver } from '../stream/stream-observer.js'
import { KafkaAbsence } from './kafka-absence.js'
import { News } from './news.js'
import type { StoreAbsence } from './store-absence.js'
import type { StreamFigures, StreamMetrics } from './stream-metrics.js'

/** From so many rows on, a backlog's shrinking is logged. */
const LARGE_BACKLOG_ROWS = 10_000

/** How often that is, milliseconds. */
const PROGRESS_MS = 10_000

/** Counts what the relay tells, and logs what somebody has to look at. */
export class StreamWatch implements StreamObserver {
  private readonly absence = new KafkaAbsence()
  private readonly news: News
  private backlog: Backlog | null = null
  private publishedRows = 0
  private progress: Readonly<{ at: number; publishedRows: number }> | null = null
  private isFull = false
  private rowsMax = 0

  constructor(
    private readonly deps: Readonly<{ metrics: StreamMetrics; log: Logger; clock: Clock; absence: StoreAbsence }>,
  ) {
    this.news = new News(deps.clock)
  }

  /** Has the metrics ask at every scrape; call it once. */
  watch(figures: Pick<StreamFigures, 'shardsHeld' | 'sendingRows' | 'parked'>): void {
    this.deps.metrics.watch({
      ...figures,
      backlogRows: () => this.backlog?.rows ?? null,
      backlogAgeSeconds: () => this.backlogAgeSeconds(),
    })
  }

  leased(shard: number, epoch: number): void {
    this.deps.log.debug({ shard, epoch }, 'a shard of the stream was taken')
  }

  leaseEnded(shard: number, epoch: number, why: LeaseEnd): void {
    if (why === 'stopped' || why === 'shared')
      this.deps.log.debug({ shard, epoch, why }, 'a shard of the stream was given back')
    else this.deps.log.warn({ shard, epoch, why }, 'a shard of the stream was lost')
  }

  sent({ outcome }: Readonly<{ outcome: PublishOutcome }>): void {
    const { metrics, log, clock } = this.deps
    metrics.countSend(outcome.kind)
    if (outcome.kind === 'unknown') {
      if (!this.absence.failed(clock.elapsed())) return
      const { reason } = outcome
      log.warn({ reason, waiting: this.backlog?.rows }, 'Kafka is away; changes wait for it')
      return
    }
    const awayMs = this.absence.answered(clock.elapsed())
    if (awayMs === null) return
    log.info({ awaySeconds: Math.round(awayMs / 1_000), waiting: this.backlog?.rows }, 'Kafka is back')
  }

  published(rows: readonly PlacedOutboxRow[], at: number): void {
    this.publishedRows += rows.length
    this.deps.metrics.observePublished(rows.map(({ createdAt }) => at - createdAt))
  }

  marked(rows: number, seconds: number): void {
    this.deps.metrics.observeMarked(rows, seconds)
  }

  linked(row: PlacedOutboxRow): void {
    this.deps.metrics.countLinked()
    this.deps.log.info(
      { stream: row.streamName, seq: row.seq },
      'a change is above the limit of its topic and becomes a link',
    )
  }

  parked(stream: string, reason: string): void {
    this.deps.log.error({ stream, reason }, 'a stream was turned off and its changes set aside')
  }

  waiting(backlog: Backlog): void {
    this.backlog = backlog
    this.isFull &&= backlog.rows >= this.rowsMax
    this.tellProgress(backlog)
  }

  full(backlog: Backlog, rowsMax: number): void {
    if (this.isFull) return
    this.isFull = true
    this.rowsMax = rowsMax
    this.deps.log.error({ rows: backlog.rows, rowsMax }, 'all streams are turned off: too many changes wait for Kafka')
  }

  failed(work: StoreWork, cause: unknown): void {
    const { metrics, log, absence } = this.deps
    metrics.countFailure(work)
    if (absence.explains(cause) || !this.news.is(work)) return
    log.error({ work, cause }, 'work of the stream failed and will be tried again')
  }

  defect(cause: unknown): void {
    this.deps.log.error({ err: cause }, 'the stream met a defect')
  }

  private tellProgress({ rows }: Backlog): void {
    const { log, clock } = this.deps
    if (rows < LARGE_BACKLOG_ROWS) {
      this.progress = null
      return
    }
    const { publishedRows } = this
    const at = clock.elapsed()
    this.progress ??= { at, publishedRows }
    const passedMs = at - this.progress.at
    if (passedMs < PROGRESS_MS) return
    const rowsPerSecond = Math.round(((publishedRows - this.progress.publishedRows) * 1_000) / passedMs)
    log.info({ rowsLeft: rows, rowsPerSecond }, 'changes wait to be published')
    this.progress = { at, publishedRows }
  }

  private backlogAgeSeconds(): number | null {
    if (this.backlog === null) return null
    const { oldestAt } = this.backlog
    return oldestAt === null ? 0 : Math.max(0, this.deps.clock.now() - oldestAt) / 1_000
  }
}
