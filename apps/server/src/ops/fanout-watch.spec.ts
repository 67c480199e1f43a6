import { WireFault } from '../fanout/wire.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { FanoutWatch } from './fanout-watch.js'
import { createLog } from './log.js'
import { Metrics } from './metrics.js'
import { StoreAbsence } from './store-absence.js'

function setUp() {
  const clock = new HeldClock()
  const all = new Metrics(clock)
  const metrics = all.addFanout()
  const lines: string[] = []
  const log = createLog('debug', { write: (line) => void lines.push(line) })
  const absence = new StoreAbsence({ probe: () => Promise.resolve(), log, clock })
  const watch = new FanoutWatch({ metrics, log, clock, absence })
  const said = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  return { clock, all, metrics, watch, said }
}

test('[RD7] a scraper sees what was told, heard, dropped, refused and looked for', async () => {
  const { all, metrics, watch } = setUp()
  metrics.watch({ isUp: () => true, subscribed: () => 12, underway: () => 3 })
  watch.published()
  watch.dropped('full', 2)
  watch.dropped('away', 1)
  watch.received()
  watch.refused('version')
  watch.refused('forged')
  watch.looked(0)
  watch.looked(4)
  watch.failed(new Error('away'))
  watch.away(new WireFault('unreachable', 'no connection to Redis'))
  const text = await all.text()
  for (const line of [
    'satchel_fanout_connected 1',
    'satchel_fanout_subscriptions 12',
    'satchel_fanout_underway 3',
    'satchel_fanout_published_total 1',
    'satchel_fanout_dropped_total{reason="full"} 2',
    'satchel_fanout_dropped_total{reason="away"} 1',
    'satchel_fanout_received_total 1',
    'satchel_fanout_refused_total{reason="version"} 1',
    'satchel_fanout_refused_total{reason="forged"} 1',
    'satchel_fanout_away_total 1',
    'satchel_recount_looks_total 2',
    'satchel_recount_found_total 4',
    'satchel_recount_failed_total 1',
  ]) {
    expect(text.split('\n')).toContain(line)
  }
})

test('[RD7] the log tells when Redis begins and ceases to carry, and of what goes on and on once a minute', () => {
  const { clock, watch, said } = setUp()
  watch.away(new WireFault('login', 'Redis refuses the login of SATCHEL_REDIS_URL'))
  watch.up()
  for (let count = 0; count < 100; count++) {
    watch.dropped('away', 1)
    watch.dropped('full', 1)
    watch.refused('forged')
    watch.refused('version')
    watch.failed(new Error('the database is away'))
  }
  expect(said().map(({ level, reason }) => [level, reason])).toEqual([
    ['warn', 'Redis refuses the login of SATCHEL_REDIS_URL'],
    ['info', undefined],
    ['warn', undefined],
    ['warn', 'forged'],
    ['warn', undefined],
  ])
  clock.advance(60_000)
  watch.refused('forged')
  expect(said()).toHaveLength(6)
})
