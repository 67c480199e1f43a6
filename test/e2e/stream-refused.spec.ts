import type { CognitoStreams } from '@aws-sdk/client-cognito-sync'
import { adminOf } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { exchange } from '../support/http-exchange.js'
import { describeWithKafka } from '../support/kafka/describe-with-kafka.js'
import { Seeded } from '../support/seeded.js'
import { StreamReader, type StreamedRecord } from '../support/stream/stream-reader.js'
import { FAULTLESS, StreamingSite } from '../support/stream/streaming-site.js'
import { replace } from '../support/wire-client.js'

const DRAINED_MS_MAX = 60_000
/** A topic has to refuse for half a minute before its stream is turned off. */
const DISABLED_MS_MAX = 90_000
/** A broker still takes a few messages while it deletes their topic. */
const DELETION_MS = 2_000
/** Escaped in JSON it takes six bytes. */
const EXPENSIVE = '\u0001'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describeWithKafka('topics that refuse, with a real Kafka', {}, (kafka) => {
  const chance = new Seeded(7)
  let site: StreamingSite

  beforeAll(async () => {
    site = await StreamingSite.start(kafka())
  }, 120_000)
  afterAll(() => site.end())

  /** A pool that streams to a topic of this name, and four writers in it. */
  async function aWrittenPool(stream: string, value?: (chance: Seeded) => string) {
    const pool = await site.aStreamingPool(stream)
    const own = []
    for (let n = 0; n < 4; n++) {
      const over = { dataset: 'prefs', chance: chance.fork(), restMs: 50, ...(value === undefined ? {} : { value }) }
      own.push(site.write(await site.aGuest(pool), over))
    }
    return { pool, own }
  }

  async function read(stream: string, options?: ConstructorParameters<typeof StreamReader>[0]): Promise<StreamReader> {
    const reader = new StreamReader(options)
    await kafka().readEach(site.topic(stream), (message) => reader.take(message))
    expect(reader.faults).toEqual([])
    return reader
  }

  async function behind(url: string): Promise<readonly StreamedRecord[]> {
    const { origin, pathname } = new URL(url)
    const answer = await exchange(origin, { target: pathname })
    expect(answer.status).toBe(200)
    return answer.json() as unknown as readonly StreamedRecord[]
  }

  test('[V94] a megabyte of what JSON has to escape is a link to the same records, and small changes do not wait for it', async () => {
    const { pool, own } = await aWrittenPool('large')
    const guest = await site.aGuest(pool)
    const values = Array.from({ length: 4 }, (_, n) => EXPENSIVE.repeat(1_048_570 - n))
    for (const [count, value] of values.entries()) {
      const before = site.acknowledged
      await guest.device.write('large', replace('k', value, count))
      await guest.device.write('small', replace('k', 'v', count))
      await eventually(() => Promise.resolve(expect(site.acknowledged).toBeGreaterThan(before)), DRAINED_MS_MAX)
    }
    await site.writersDone()
    await site.drained(DRAINED_MS_MAX)
    const reader = await read('large')
    await reader.follow(behind)
    const large = [...reader.changesOf(guest.identity, 'large').values()]
    expect(large.map(({ url }) => url !== null)).toEqual(values.map(() => true))
    expect(large.map(({ records }) => records?.map(({ value }) => value?.length))).toEqual(
      values.map(({ length }) => [length]),
    )
    expect(large.every(({ records }, at) => records?.[0]?.value === values[at])).toBe(true)
    expect([...reader.changesOf(guest.identity, 'small').values()].map(({ url }) => url)).toEqual(
      values.map(() => null),
    )
    for (const writer of own) expect(reader.differences(writer, writer.history)).toEqual([])
    expect(await site.audit('large')).toMatchObject({ ...FAULTLESS, waiting: 0 })
  })

  test('[V94] changes that a topic takes no longer, since its limit was lowered under load, are links to the same records', async () => {
    const value = (drawn: Seeded) => `${drawn.next()}`.repeat(drawn.next() < 0.3 ? 3_000 : 3)
    const { own } = await aWrittenPool('lowered', value)
    const written = () => own.reduce((sum, { answeredAt }) => sum + answeredAt.length, 0)
    await eventually(() => Promise.resolve(expect(written()).toBeGreaterThan(50)), DRAINED_MS_MAX)
    const before = await site.metric('satchel_stream_linked_total')
    await kafka().alterTopic(site.topic('lowered'), { 'max.message.bytes': '20000' })
    await eventually(
      async () => expect((await site.metric('satchel_stream_linked_total')) - before).toBeGreaterThan(20),
      DRAINED_MS_MAX,
    )
    await site.writersDone()
    await site.drained(DRAINED_MS_MAX)
    const reader = await read('lowered')
    expect(reader.seen.linked).toBeGreaterThan(20)
    expect(reader.seen.linked).toBeLessThan(reader.seen.changes)
    await reader.follow(behind)
    for (const writer of own) expect(reader.differences(writer, writer.history)).toEqual([])
    expect(await site.audit('lowered')).toMatchObject({ ...FAULTLESS, waiting: 0, changes: written() })
  })

  test('[V95] a topic deleted under load turns its stream off and no other, and what waited follows once it is back', async () => {
    const { pool, own } = await aWrittenPool('gone')
    const others = await aWrittenPool('fine')
    const configured = async () => {
      const target = `/identitypools/${encodeURIComponent(pool)}/configuration`
      return (await adminOf(site.reached).wire.send({ target })).json()['CognitoStreams'] as CognitoStreams
    }
    await pause(1_000)
    await kafka().deleteTopic(site.topic('gone'))
    const deletedAt = performance.now()
    await pause(10_000)

    expect((await configured()).StreamingStatus).toBe('ENABLED')
    await site.keepsUp(15_000, 'fine')

    const disabled = await eventually(async () => {
      const found = await configured()
      expect(found.StreamingStatus).toBe('DISABLED')
      return found
    }, DISABLED_MS_MAX)
    expect(disabled).toMatchObject({ DisabledReason: 'topic "site.gone": the topic does not exist' })
    expect(await site.waiting('gone')).toBeGreaterThan(0)
    const through = new Map(own.map((writer) => [writer, lastBefore(writer.answeredAt, deletedAt + 25_000)]))

    await pause(1_000)
    await kafka().createTopic(site.topic('gone'), { numPartitions: 4 })
    await site.enable(pool, 'gone')
    const enabledAt = performance.now()
    await pause(1_000)
    await site.writersDone()
    await site.drained(DRAINED_MS_MAX)
    const reader = await read('gone', { startsLate: true })
    for (const writer of own) {
      const from = lastBefore(writer.answeredAt, deletedAt + DELETION_MS) + 1
      expect(through.get(writer)).toBeGreaterThan(from)
      expect(reader.differences(writer, writer.history, { from, through: through.get(writer)! })).toEqual([])
      const again = lastBefore(writer.answeredAt, enabledAt) + 2 // one may have been under way
      expect(reader.differences(writer, writer.history, { from: again })).toEqual([])
    }
    const fine = await read('fine')
    for (const writer of others.own) expect(fine.differences(writer, writer.history)).toEqual([])
    expect(await site.audit('fine')).toMatchObject({ ...FAULTLESS, waiting: 0 })
  })
})

/** How many changes were answered before a moment. */
const lastBefore = (answeredAt: readonly number[], moment: number): number =>
  answeredAt.filter((at) => at < moment).length
