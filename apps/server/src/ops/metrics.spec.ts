import { errorCodes } from '@satchel/protocol'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { Metrics, STORE_FIGURES_LIFE_MS, type StoreFigures } from './metrics.js'
import { operationNames } from './operation-names.js'

const FIGURES: StoreFigures = { identities: 1, datasets: 2, records: 3, storedBytes: 4, databaseBytes: 5 }

const seriesOf = (text: string, name: string) => text.split('\n').filter((line) => line.startsWith(name))

test('requests are counted by operation and code, and timed by operation', async () => {
  const metrics = new Metrics(new HeldClock())
  metrics.observeRequest('UpdateRecords', 'OK', 0.003)
  metrics.observeRequest('UpdateRecords', 'OK', 0.2)
  metrics.observeRequest('UpdateRecords', 'ResourceConflict', 0.001)
  const text = await metrics.text()
  expect(seriesOf(text, 'satchel_requests_total')).toEqual([
    'satchel_requests_total{operation="UpdateRecords",code="OK"} 2',
    'satchel_requests_total{operation="UpdateRecords",code="ResourceConflict"} 1',
  ])
  expect(text).toContain('satchel_request_seconds_bucket{le="0.005",operation="UpdateRecords"} 2')
  expect(text).toContain('satchel_request_seconds_count{operation="UpdateRecords"} 3')
})

test('[O22] names that callers invent do not grow the metrics', async () => {
  const metrics = new Metrics(new HeldClock())
  for (let index = 0; index < 5_000; index++) metrics.observeRequest(`Evil${index}`, `Wrong${index}`, 0.001)
  for (const name of ['__proto__', 'constructor', 'toString', '', '\n# HELP x'])
    metrics.observeRequest(name, name, 0.001)
  expect(seriesOf(await metrics.text(), 'satchel_requests_total')).toEqual([
    'satchel_requests_total{operation="unknown",code="unknown"} 5005',
  ])
})

test('[O22] every operation with every code stays within the product of the two closed sets', async () => {
  const metrics = new Metrics(new HeldClock())
  const codes = ['OK', ...Object.keys(errorCodes), 'nonsense']
  for (const operation of [...operationNames, 'Nonsense']) {
    for (const code of codes) metrics.observeRequest(operation, code, 0)
  }
  expect(seriesOf(await metrics.text(), 'satchel_requests_total')).toHaveLength(
    (operationNames.size + 1) * codes.length,
  )
})

test('commits, their groups, refusals and housekeeping are counted', async () => {
  const metrics = new Metrics(new HeldClock())
  metrics.observeCommit({ writes: 3, seconds: 0.002, failed: false })
  metrics.observeCommit({ writes: 1, seconds: 0.002, failed: true })
  metrics.countRefusedWrite()
  metrics.countRemovedRows('tombstones', 7)
  metrics.countFailedHousekeeping()
  const text = await metrics.text()
  for (const line of [
    'satchel_commit_seconds_count 2',
    'satchel_commit_group_size_sum 4',
    'satchel_commits_failed_total 1',
    'satchel_writes_refused_total 1',
    'satchel_rows_removed_total{kind="tombstones"} 7',
    'satchel_housekeeping_failed_total 1',
  ]) {
    expect(text.split('\n')).toContain(line)
  }
})

test('the write queue is read at every scrape', async () => {
  const metrics = new Metrics(new HeldClock())
  let depth = 1
  metrics.watchQueue(() => ({ depth, bytes: depth * 100 }))
  await metrics.text()
  depth = 2
  const text = await metrics.text()
  expect(text).toContain('satchel_write_queue_depth 2')
  expect(text).toContain('satchel_write_queue_bytes 200')
})

test('[O22] the store is counted at most once in 30 seconds, and once for scrapes at the same time', async () => {
  const clock = new HeldClock()
  const metrics = new Metrics(clock)
  let asked = 0
  metrics.watchStore(() => Promise.resolve({ ...FIGURES, records: ++asked }))
  await Promise.all([metrics.text(), metrics.text()])
  clock.advance(STORE_FIGURES_LIFE_MS - 1)
  expect(await metrics.text()).toContain('satchel_records 1\n')
  clock.advance(1)
  const text = await metrics.text()
  expect(text).toContain('satchel_records 2\n')
  expect(text).toContain('satchel_identities 1\n')
  expect(text).toContain('satchel_database_bytes 5\n')
})

test('figures that cannot be had are missing from the scrape, and the rest is there', async () => {
  const clock = new HeldClock()
  const metrics = new Metrics(clock)
  let broken = false
  metrics.watchStore(() => (broken ? Promise.reject(new Error('no database')) : Promise.resolve(FIGURES)))
  expect(await metrics.text()).toContain('satchel_records 3\n')
  broken = true
  clock.advance(STORE_FIGURES_LIFE_MS)
  metrics.countRefusedWrite()
  const text = await metrics.text()
  expect(seriesOf(text, 'satchel_records')).toEqual([])
  expect(text).toContain('satchel_writes_refused_total 1')
})

test('the process is among the metrics once it is watched', async () => {
  const metrics = new Metrics(new HeldClock())
  await metrics.watchProcess()
  const text = await metrics.text()
  for (const name of ['process_cpu_seconds_total', 'nodejs_heap_size_used_bytes', 'satchel_eventloop_lag_seconds']) {
    expect(seriesOf(text, name)).toHaveLength(1)
  }
})
