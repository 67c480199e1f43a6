import { describeWithKafka } from '../support/kafka/describe-with-kafka.js'
import { Seeded } from '../support/seeded.js'
import { FAULTLESS, StreamingSite } from '../support/stream/streaming-site.js'
import { StreamReader } from '../support/stream/stream-reader.js'

const STREAM = 'away'
const WRITERS = 24
/** Stands for hours: the backlog is in the database, so it only grows. */
const AWAY_MS = 60_000
const BEFORE_MS = 10_000
const DRAINED_MS_MAX = 120_000
/** Figures of the backlog are looked up every few seconds. */
const FIGURES_MS = 12_000

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describeWithKafka('a Kafka that is away for long', {}, (kafka) => {
  let site: StreamingSite

  beforeAll(async () => {
    site = await StreamingSite.start(kafka())
    const pool = await site.aStreamingPool(STREAM)
    const chance = new Seeded(6)
    for (let n = 0; n < WRITERS; n++) {
      site.write(await site.aGuest(pool), { dataset: 'prefs', chance: chance.fork(), restMs: 0 })
    }
  }, 120_000)
  afterAll(() => site.end())

  /** Changes accepted in a second. */
  async function rateFor(ms: number): Promise<number> {
    const [before, begunAt] = [site.acknowledged, performance.now()]
    await pause(ms)
    return ((site.acknowledged - before) * 1_000) / (performance.now() - begunAt)
  }

  test('[V93] writes go on at their rate, what waits is shown, and all of it follows in order', async () => {
    await pause(3_000)
    const before = await rateFor(BEFORE_MS)
    const { broker } = kafka()
    await broker.kill()
    const acknowledged = site.acknowledged
    const during = await rateFor(AWAY_MS - FIGURES_MS)
    const whileAway = site.acknowledged - acknowledged
    await pause(FIGURES_MS)
    const [shown, ageSeconds] = [
      await site.metric('satchel_stream_backlog_rows'),
      await site.metric('satchel_stream_backlog_age_seconds'),
    ]
    await site.writersDone()
    const waited = await site.waiting()
    await broker.start()
    const backAt = performance.now()
    await site.drained(DRAINED_MS_MAX)
    const seconds = (performance.now() - backAt) / 1_000

    console.info(
      `${Math.round(before)} writes/s before, ${Math.round(during)} while Kafka was away; ` +
        `${waited} changes waited, and were published ${seconds.toFixed(1)} s after its return`,
    )
    expect(shown).toBeGreaterThanOrEqual(whileAway)
    expect(shown).toBeLessThanOrEqual(waited)
    expect(ageSeconds).toBeGreaterThan((AWAY_MS / 1_000) * 0.7)
    // The machine does other things too; the benchmark measures.
    expect(during).toBeGreaterThan(before / 3)
    const reader = new StreamReader()
    await kafka().readEach(site.topic(STREAM), (message) => reader.take(message))
    expect(reader.faults).toEqual([])
    for (const writer of site.writers) expect(reader.differences(writer, writer.history)).toEqual([])
    expect(await site.audit(STREAM)).toMatchObject({ ...FAULTLESS, waiting: 0, changes: site.acknowledged })
  }, 400_000)
})
