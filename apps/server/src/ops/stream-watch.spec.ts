import { HeldClock } from '../runtime/testing/held-clock.js'
import { anOutboxRow } from '../stream/testing/an-outbox-row.js'
import { createLog } from './log.js'
import { Metrics } from './metrics.js'
import { StoreAbsence } from './store-absence.js'
import { StreamWatch } from './stream-watch.js'

function setUp() {
  const clock = new HeldClock()
  const metrics = new Metrics(clock)
  const lines: string[] = []
  const log = createLog('debug', { write: (line) => void lines.push(line) })
  const absence = new StoreAbsence({ probe: () => Promise.resolve(), log, clock })
  const watch = new StreamWatch({ metrics: metrics.addStream(), log, clock, absence })
  const said = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  const sent = (kind: 'acknowledged' | 'unknown') =>
    watch.sent({ outcome: kind === 'unknown' ? { kind, reason: 'refused' } : { kind } })
  return { clock, metrics, watch, said, sent }
}

test('[V32] a scraper sees what waits, what was sent and marked, and how long it took', async () => {
  const { clock, metrics, watch, sent } = setUp()
  watch.watch({ shardsHeld: () => 8, sendingRows: () => 3, parked: () => Promise.resolve(1) })
  sent('acknowledged')
  sent('unknown')
  const rows = [1, 2].map((count) => ({ ...anOutboxRow(1, count, { createdAt: clock.now() - 20 }), seq: count }))
  watch.published(rows, clock.now())
  watch.marked(2, 0.002)
  watch.linked(rows[0]!)
  watch.failed('read', new Error('away'))
  watch.waiting({ rows: 7, oldestAt: clock.now() - 3_000 })
  clock.advance(1_000)
  const text = await metrics.text()
  for (const line of [
    'satchel_stream_backlog_rows 7',
    'satchel_stream_backlog_age_seconds 4',
    'satchel_stream_published_total 2',
    'satchel_stream_sends_total{outcome="acknowledged"} 1',
    'satchel_stream_sends_total{outcome="unknown"} 1',
    'satchel_stream_marked_total 2',
    'satchel_stream_mark_seconds_count 1',
    'satchel_stream_shards_held 8',
    'satchel_stream_sending_rows 3',
    'satchel_stream_parked 1',
    'satchel_stream_linked_total 1',
    'satchel_stream_failures_total{work="read"} 1',
    'satchel_stream_publish_seconds_bucket{le="0.025"} 2',
  ]) {
    expect(text.split('\n')).toContain(line)
  }
})

test('[V32] what is not known is missing from the scrape', async () => {
  const { metrics, watch } = setUp()
  watch.watch({ shardsHeld: () => 0, sendingRows: () => 0, parked: () => Promise.reject(new Error('away')) })
  const text = await metrics.text()
  expect(text).not.toMatch(/^satchel_stream_backlog_rows \d/m)
  expect(text).not.toMatch(/^satchel_stream_parked \d/m)
})

test('[V32] an absence of Kafka is told once, and its end with how long it was and what waits', () => {
  const { clock, watch, said, sent } = setUp()
  sent('unknown')
  expect(said()).toEqual([])
  clock.advance(2_000)
  for (let again = 0; again < 5; again++) sent('unknown')
  expect(said()).toMatchObject([{ level: 'warn', msg: 'Kafka is away; changes wait for it', reason: 'refused' }])
  clock.advance(58_000)
  watch.waiting({ rows: 1_234, oldestAt: 0 })
  sent('acknowledged')
  sent('acknowledged')
  expect(said().slice(1)).toMatchObject([{ level: 'info', msg: 'Kafka is back', awaySeconds: 60, waiting: 1_234 }])
})

test('[V32] a single send that failed is counted and not told', () => {
  const { clock, said, sent } = setUp()
  sent('unknown')
  clock.advance(1_000)
  sent('acknowledged')
  clock.advance(60_000)
  sent('unknown')
  expect(said()).toEqual([])
})

test('[V32] shards that are lost are told, those that are given back at a stop hardly', () => {
  const { watch, said } = setUp()
  watch.leaseEnded(1, 4, 'not-renewed')
  watch.leased(1, 5)
  watch.leaseEnded(1, 5, 'stopped')
  expect(said()).toMatchObject([
    { level: 'warn', msg: 'a shard of the stream was lost', shard: 1, epoch: 4, why: 'not-renewed' },
    { level: 'debug', shard: 1, epoch: 5 },
    { level: 'debug', shard: 1, epoch: 5 },
  ])
})

test('[V32] a large backlog that drains is told every 10 seconds, with what is left and how fast it goes', () => {
  const { clock, watch, said } = setUp()
  const published = (rows: number) => watch.published(Array(rows).fill({ ...anOutboxRow(1, 1), seq: 1 }), clock.now())
  for (let rows = 50_000; rows >= 5_000; rows -= 5_000) {
    watch.waiting({ rows, oldestAt: 0 })
    clock.advance(5_000)
    published(5_000)
  }
  expect(said()).toMatchObject([
    { level: 'info', msg: 'changes wait to be published', rowsLeft: 40_000, rowsPerSecond: 1_000 },
    { rowsLeft: 30_000, rowsPerSecond: 1_000 },
    { rowsLeft: 20_000 },
    { rowsLeft: 10_000 },
  ])
})

test('[V32] streams turned off are told; a cap that lasts is told once, and again when it comes again', () => {
  const { watch, said } = setUp()
  watch.parked('changes', 'the topic does not exist')
  const look = (rows: number) => {
    watch.waiting({ rows, oldestAt: 0 })
    if (rows >= 100) watch.full({ rows, oldestAt: 0 }, 100)
  }
  for (const rows of [100, 120, 99, 100, 101]) look(rows)
  expect(said()).toMatchObject([
    { level: 'error', stream: 'changes', reason: 'the topic does not exist' },
    { level: 'error', rows: 100, rowsMax: 100 },
    { level: 'error', rows: 100, rowsMax: 100 },
  ])
})

test('[V32] a failure that comes again and again is told once a minute, and no payload ever', () => {
  const { clock, watch, said } = setUp()
  for (let second = 0; second < 90; second++) {
    watch.failed('read', new Error('away'))
    if (second === 0) watch.failed('mark', new Error('full'))
    clock.advance(1_000)
  }
  watch.linked({ ...anOutboxRow(1, 1, { payload: 'a secret' }), seq: 1 })
  watch.defect(new Error('what?'))
  expect(said().map(({ work }) => work)).toEqual(['read', 'mark', 'read', undefined, undefined])
  expect(JSON.stringify(said())).not.toContain('a secret')
})
