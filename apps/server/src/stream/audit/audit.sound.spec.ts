import type { SyncCount } from '@satchel/protocol'
import { faultsIn, STREAM, StreamingSite } from './testing/streaming-site.js'

let site: StreamingSite

beforeEach(() => {
  site = new StreamingSite()
})

const count = (value: number) => value as SyncCount

describe('streams at which nothing is wrong', () => {
  afterEach(async () => {
    const result = await site.audit()
    expect(faultsIn(result)).toEqual([])
    expect(result.counts.faulty).toBe(0)
  })

  test('[V71] every change there, in order', async () => {
    site.published(5)
    site.published(3, { dataset: 'theme' })
    expect((await site.audit()).counts).toMatchObject({ datasets: 2, changes: 8, repeated: 0, healed: 0, skipped: 0 })
  })

  test('[V71] repeats are counted, whole stretches of them too', async () => {
    const rows = site.published(5)
    for (const row of [rows[4]!, ...rows.slice(1), rows[0]!]) site.send(row)
    expect((await site.audit()).counts).toMatchObject({ changes: 5, repeated: 6, uncompared: 0 })
  })

  test('[V71] a gap that later messages filled is healed', async () => {
    const [a, b, c, d] = Array.from({ length: 4 }, () => site.write())
    for (const row of [a!, c!, d!, b!, c!, d!]) site.publish(row)
    expect((await site.audit()).counts).toMatchObject({ changes: 4, healed: 1, faulty: 0 })
  })

  test('[V71] what the relay has not published yet is waiting', async () => {
    site.published(2)
    site.write()
    site.write()
    site.write({ dataset: 'new' })
    expect((await site.audit()).counts).toMatchObject({ changes: 2, waiting: 2 })
  })

  test('[V71] counts the stream never carried, because it was off, are counted', async () => {
    site.published(2)
    site.publish(site.write({}, { syncCount: count(9) }))
    expect((await site.audit()).counts).toMatchObject({ changes: 3, skipped: 6 })
  })

  test('[V71] a dataset created anew, and one whose backup was put back', async () => {
    site.published(4)
    site.publish(site.write({}, { epoch: 1 }))
    site.publish(site.write({}, { epoch: 2, syncCount: count(3), previousEpoch: 0, previous: count(2) }))
    site.published(2)
    expect((await site.audit()).counts).toMatchObject({ changes: 8 })
  })

  test('[V71] a stream that goes to another topic, and comes back', async () => {
    site.published(4)
    await site.moveTo('others')
    site.published(3)
    await site.moveTo(STREAM)
    site.published(2)
    expect((await site.audit()).counts).toMatchObject({ datasets: 2, changes: 9, skipped: 7, waiting: 0 })
  })

  test('[V71] a dataset that was not written to since its stream goes to another topic, also once the change log has ended', async () => {
    site.published(4)
    await site.moveTo('others')
    expect((await site.audit()).counts).toMatchObject({ datasets: 1, changes: 4 })
    site.log.held = []
    expect((await site.audit()).counts).toMatchObject({ datasets: 0 })
    expect((await site.audit({ streamName: STREAM })).counts).toMatchObject({ datasets: 1, changes: 4, gone: 0 })
  })

  test('[V71] what waits for another topic than before', async () => {
    site.published(2)
    await site.moveTo('others')
    site.write()
    site.write()
    expect((await site.audit()).counts).toMatchObject({ datasets: 2, changes: 2, waiting: 1 })
  })

  test('[V72] what the topic no longer holds is said not to be judged', async () => {
    site.published(6)
    site.topics.trim(STREAM, 1, 4)
    expect((await site.audit()).counts).toMatchObject({ changes: 2, unjudged: 1 })
  })

  test('[V72] a dataset of which the topic no longer holds anything is said not to be judged', async () => {
    site.published(6)
    site.clock.advance(1_000)
    site.published(1, { dataset: 'other' })
    site.topics.trim(STREAM, 1, 6)
    expect((await site.audit()).counts).toMatchObject({ changes: 1, unjudged: 1 })
  })

  test('[V71] a dataset that the store no longer has', async () => {
    site.published(3)
    site.log.datasets.clear()
    site.log.held = []
    expect((await site.audit({ streamName: STREAM })).counts).toMatchObject({ gone: 1, changes: 3 })
  })

  test('[V71] snapshots are counted beside the changes', async () => {
    site.published(2)
    site.publish(site.write({}, { type: 'snapshot', syncCount: count(2), previous: count(2) }))
    site.published(1)
    expect((await site.audit()).counts).toMatchObject({ changes: 3, snapshots: 1 })
  })

  test('[V71] what a live server writes while the topic is read is no phantom', async () => {
    site.published(2)
    const bounds = site.topics.bounds.bind(site.topics)
    site.topics.bounds = (name) => {
      site.published(3)
      site.published(1, { dataset: 'new' })
      return bounds(name)
    }
    expect((await site.audit()).counts).toMatchObject({ datasets: 2, gone: 0 })
    site.topics.bounds = bounds
  })

  test('[V71] changes that were committed between two pages of the change log, one placed behind the page and one ahead', async () => {
    site.published(5)
    const early = site.takePlace()
    site.published(2, { dataset: 'theme' })
    site.afterFirstPage(6, () => {
      site.write({}, { seq: early })
      site.write()
    })
    expect((await site.audit()).counts).toMatchObject({ datasets: 2, changes: 7, faulty: 0 })
    expect((await site.audit()).counts).toMatchObject({ datasets: 2, changes: 7, waiting: 1 })
  })

  test('[V71] a new dataset whose first changes were committed so', async () => {
    site.published(5)
    const early = site.takePlace()
    site.published(2)
    site.afterFirstPage(6, () => {
      site.write({ dataset: 'new' }, { seq: early })
      site.write({ dataset: 'new' })
    })
    expect((await site.audit()).counts).toMatchObject({ changes: 7, faulty: 0 })
  })

  test('[V71] what waits behind changes of a node whose clock is ahead', async () => {
    site.published(2)
    site.publish(site.write({}, { createdAt: site.clock.now() + 3_600_000 }))
    site.write({ dataset: 'theme' })
    site.log.pageMax = 1
    expect((await site.audit()).counts).toMatchObject({ datasets: 2, changes: 3, waiting: 1 })
  })

  test('[V71] messages of others are counted, and nothing is thought of them', async () => {
    site.published(1)
    site.topics.append(STREAM, { partition: 0, key: 'k', value: 'not ours', headers: {} })
    expect((await site.audit()).streams).toMatchObject([{ streamName: STREAM, messages: 2, foreign: 1 }])
  })
})
