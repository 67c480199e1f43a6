import { eventually } from '../support/eventually.js'
import { describeWithKafka } from '../support/kafka/describe-with-kafka.js'
import { Seeded } from '../support/seeded.js'
import { FAULTLESS, StreamingSite } from '../support/stream/streaming-site.js'
import { StreamReader } from '../support/stream/stream-reader.js'

const STREAM = 'led'
const WRITERS = 12
const GOES_ON_MS_MAX = 60_000
const DRAINED_MS_MAX = 30_000

describeWithKafka('a stream to three brokers', { brokers: 3 }, (kafka) => {
  let site: StreamingSite

  beforeAll(async () => {
    site = await StreamingSite.start(kafka())
    const configs = { 'min.insync.replicas': '2' }
    const pool = await site.aStreamingPool(STREAM, { numPartitions: 6, replicationFactor: 3, configs })
    const chance = new Seeded(8)
    for (let n = 0; n < WRITERS; n++) {
      site.write(await site.aGuest(pool), { dataset: 'prefs', chance: chance.fork(), restMs: 40 })
    }
  }, 120_000)
  afterAll(() => site.end())

  test('[V96] goes on while any one of them is killed or stopped, under load, and loses nothing', async () => {
    await site.keepsUp(GOES_ON_MS_MAX)
    for (const [at, broker] of kafka().brokers.entries()) {
      await (at === 1 ? broker.stop() : broker.kill())
      const before = site.acknowledged
      await eventually(() => Promise.resolve(expect(site.acknowledged - before).toBeGreaterThan(50)), GOES_ON_MS_MAX)
      await site.keepsUp(GOES_ON_MS_MAX)
      await broker.start()
    }
    await site.writersDone()
    await site.drained(DRAINED_MS_MAX)
    const reader = new StreamReader()
    await kafka().readEach(site.topic(STREAM), (message) => reader.take(message))
    expect(reader.faults).toEqual([])
    for (const writer of site.writers) expect(reader.differences(writer, writer.history)).toEqual([])
    expect(await site.audit(STREAM)).toMatchObject({ ...FAULTLESS, waiting: 0, changes: site.acknowledged })
  }, 300_000)
})
