import type { SyncCount } from '@satchel/protocol'
import { faultsIn, STREAM, StreamingSite } from './testing/streaming-site.js'

let site: StreamingSite

beforeEach(() => {
  site = new StreamingSite()
})

const at = (epoch: number, syncCount: number) => ({ epoch, syncCount })
const count = (value: number) => value as SyncCount

describe('streams at which something is wrong', () => {
  test('[V71] a change in the middle that was never published', async () => {
    site.published(2)
    site.lose(site.write())
    site.published(2)
    const result = await site.audit()
    expect(faultsIn(result)).toEqual([['prefs', [{ kind: 'missing', after: at(0, 2), through: at(0, 5) }]]])
    expect(result.findings[0]?.reach).toEqual({ from: at(0, 3), rows: 3, lost: null })
  })

  test('[V71] the first change of a dataset', async () => {
    site.lose(site.write())
    site.published(1)
    const { findings } = await site.audit()
    expect(findings).toMatchObject([
      { faults: [{ kind: 'missing', after: null }], reach: { from: at(0, 1), lost: null } },
    ])
  })

  test('[V71] the newest change', async () => {
    site.published(2)
    site.lose(site.write())
    const { findings } = await site.audit()
    expect(findings).toMatchObject([{ faults: [{ kind: 'missing', after: at(0, 2), through: at(0, 3) }] }])
  })

  test('[V71] the newest change, and more of them waiting behind it', async () => {
    site.published(2)
    site.lose(site.write())
    site.write()
    expect((await site.audit()).counts).toMatchObject({ faulty: 1, waiting: 0 })
  })

  test('[V71] a planted fault: a row deleted from the outbox before it was published', async () => {
    site.published(4)
    site.forget(site.write())
    const last = await site.audit()
    expect(last.findings).toMatchObject([
      { dataset: 'prefs', reach: { from: null, rows: 0, lost: { after: at(0, 4), through: at(0, 5) } } },
    ])
    site.published(2)
    const later = await site.audit()
    expect(later.findings).toMatchObject([
      { dataset: 'prefs', reach: { from: null, rows: 2, lost: { after: at(0, 4), through: at(0, 5) } } },
    ])
  })

  test('[V71] missing changes of which the change log has only the newer ones', async () => {
    const rows = Array.from({ length: 6 }, () => site.write())
    for (const row of rows) site.lose(row)
    for (const row of rows.slice(0, 3)) site.forget(row)
    const { findings } = await site.audit()
    expect(findings).toMatchObject([{ reach: { from: null, rows: 3, lost: { after: null, through: at(0, 3) } } }])
  })

  test('[V71] every change there, in the wrong order, and not again', async () => {
    const [a, b, c] = [site.write(), site.write(), site.write()]
    for (const row of [a, c, b]) site.publish(row)
    const result = await site.audit()
    expect(faultsIn(result)).toEqual([['prefs', [{ kind: 'inverted', after: at(0, 2), through: at(0, 3) }]]])
    expect(result.findings[0]?.reach).toMatchObject({ from: at(0, 3), rows: 1 })
  })

  test('[V71] a topic that was made anew', async () => {
    site.published(3)
    site.published(1, { dataset: 'theme' })
    site.topics.create(STREAM, 2)
    site.published(1)
    const result = await site.audit()
    expect(result.counts.faulty).toBe(2)
    expect(result.findings.map(({ reach }) => reach?.rows).sort()).toEqual([1, 4])
  })

  test('[V71] a topic that is not there', async () => {
    site.published(1)
    site.topics.bounds = () => Promise.resolve(null)
    const result = await site.audit()
    expect(result.streams).toMatchObject([{ streamName: STREAM, found: false }])
    expect(result.counts.faulty).toBe(1)
  })

  test('[V71] a change the store does not know', async () => {
    const [row] = site.published(1)
    site.send({ ...row!, syncCount: count(2), previous: count(1), payload: row!.payload.replace('1}', '2}') })
    expect(faultsIn(await site.audit())).toEqual([['prefs', [{ kind: 'phantom', seen: at(0, 2), reached: at(0, 1) }]]])
  })

  test('[V71] a repeat that differs', async () => {
    const [row] = site.published(2)
    site.send({ ...row!, payload: row!.payload.replace('}', ',"more":1}') })
    expect(faultsIn(await site.audit())).toEqual([['prefs', [{ kind: 'altered', at: at(0, 1) }]]])
  })

  test('[V71] a dataset in two partitions', async () => {
    const [row] = site.published(2)
    site.send({ ...row!, partition: 0 })
    expect(faultsIn(await site.audit())).toEqual([['prefs', [{ kind: 'scattered', partitions: [0, 1] }]]])
  })

  test('[V71] the first change after a backup was put back, where its count came before', async () => {
    site.published(9)
    site.lose(site.write({}, { epoch: 1, syncCount: count(5), previousEpoch: 0, previous: count(4) }))
    site.published(2)
    const result = await site.audit()
    expect(faultsIn(result)).toEqual([['prefs', [{ kind: 'missing', after: at(0, 9), through: at(1, 7) }]]])
    expect(result.findings[0]?.reach).toEqual({ from: at(1, 5), rows: 3, lost: null })
  })

  test('[V71] the first change after a backup was put back, which the change log has lost too', async () => {
    site.published(9)
    site.forget(site.write({}, { epoch: 1, syncCount: count(5), previousEpoch: 0, previous: count(4) }))
    site.published(2)
    const { findings } = await site.audit()
    expect(findings).toMatchObject([
      { reach: { from: null, rows: 2, lost: { after: at(0, 9), through: at(1, 5) } }, faults: [{ kind: 'missing' }] },
    ])
  })

  test('[V71] the only change after a backup was put back, its count far below what it was', async () => {
    site.published(9)
    site.forget(site.write({}, { epoch: 1, syncCount: count(5), previousEpoch: 0, previous: count(4) }))
    expect(faultsIn(await site.audit())).toEqual([['prefs', [{ kind: 'missing', after: at(0, 9), through: at(1, 5) }]]])
  })

  test('[V71] the first change in another topic', async () => {
    site.published(3)
    await site.moveTo('others')
    site.lose(site.write())
    site.published(1)
    const { findings } = await site.audit()
    expect(findings).toMatchObject([
      {
        streamName: 'others',
        faults: [{ kind: 'missing', after: null, through: at(0, 5) }],
        reach: { from: at(0, 4), rows: 2, lost: null },
      },
    ])
  })

  test('[V71] the only change in another topic, which the change log has lost too', async () => {
    site.published(3)
    await site.moveTo('others')
    site.forget(site.write())
    const { findings } = await site.audit()
    expect(findings).toMatchObject([{ streamName: 'others', faults: [{ kind: 'missing', after: null }] }])
  })

  test('[V71] a change in the topic that the stream went to before, and one in the topic that it goes to now', async () => {
    site.published(3)
    site.lose(site.write())
    await site.moveTo('others')
    site.published(2)
    site.lose(site.write())
    site.published(1)
    const { counts, findings } = await site.audit()
    expect(counts).toMatchObject({ datasets: 2, faulty: 2 })
    expect(findings).toMatchObject([
      { streamName: 'others', faults: [{ after: at(0, 6), through: at(0, 8) }], reach: { from: at(0, 7), rows: 2 } },
      { streamName: STREAM, faults: [{ after: at(0, 3), through: at(0, 4) }], reach: { from: at(0, 4), rows: 1 } },
    ])
  })

  test('[V71] a change that is missing before others that were committed between two pages of the change log', async () => {
    site.published(4)
    site.lose(site.write())
    const early = site.takePlace()
    site.published(2, { dataset: 'theme' })
    site.afterFirstPage(6, () => {
      site.write({}, { seq: early })
      site.write()
    })
    const result = await site.audit()
    expect(faultsIn(result)).toEqual([['prefs', [{ kind: 'missing', after: at(0, 4), through: at(0, 5) }]]])
    expect(result.findings[0]?.reach).toEqual({ from: at(0, 5), rows: 3, lost: null })
  })

  test('[V72] the newest change, in a topic whose beginning was removed', async () => {
    site.published(6)
    site.lose(site.write())
    site.topics.trim(STREAM, 1, 4)
    expect((await site.audit()).counts).toMatchObject({ faulty: 1, unjudged: 1 })
  })

  test('[V72] a dataset that is not there, though it was written after the oldest message that is', async () => {
    site.published(6, { dataset: 'other' })
    site.topics.trim(STREAM, 1, 4)
    site.clock.advance(1_000)
    site.lose(site.write({ dataset: 'prefs' }))
    expect((await site.audit()).counts).toMatchObject({ faulty: 1 })
  })

  test('[V72] a removed beginning, once the topics are to be taken as whole', async () => {
    site.published(6)
    site.topics.trim(STREAM, 1, 4)
    const { findings } = await site.audit({ wholeTopics: true })
    expect(findings).toMatchObject([{ faults: [{ kind: 'missing', after: null }], reach: { from: at(0, 1), rows: 6 } }])
  })
})
