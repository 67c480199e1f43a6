import { HASHES_MAX } from './chain.js'
import { POOL, STREAM, StreamingSite } from './testing/streaming-site.js'

let site: StreamingSite

beforeEach(() => {
  site = new StreamingSite()
})

test('[V71] only the chosen pool and stream are judged', async () => {
  const elsewhere = 'eu-west-1:00000000-0000-4000-8000-000000000002' as typeof POOL
  await site.moveTo('others', elsewhere)
  site.published(2)
  site.lose(site.write({ pool: elsewhere, dataset: 'theirs' }))
  expect((await site.audit()).counts).toMatchObject({ datasets: 2, faulty: 1 })
  expect((await site.audit({ pool: POOL })).counts).toMatchObject({ datasets: 1, faulty: 0 })
  expect((await site.audit({ streamName: STREAM })).counts).toMatchObject({ datasets: 1, faulty: 0 })
  expect((await site.audit({ streamName: 'others' })).counts).toMatchObject({ datasets: 1, faulty: 1 })
})

test('[V71] repeats of changes long past are counted as not compared', async () => {
  const rows = site.published(HASHES_MAX + 2)
  for (const row of rows) site.send(row)
  expect((await site.audit()).counts).toMatchObject({ repeated: HASHES_MAX + 2, uncompared: 2, faulty: 0 })
})

test('[V71] with another relay, what is young is waiting and what is old is missing', async () => {
  site.lose(site.write())
  expect((await site.audit({}, false)).counts).toMatchObject({ waiting: 1, faulty: 0 })
  site.clock.advance(61_000)
  expect((await site.audit({}, false)).counts).toMatchObject({ waiting: 0, faulty: 1 })
})
