import { SystemClock } from '../../apps/server/src/runtime/clock.js'
import { openKafka } from '../../apps/server/src/stream/kafka.js'
import type { Message, Publisher } from '../../apps/server/src/stream/publisher.js'
import { publisherContract } from '../../apps/server/src/stream/publisher.contract.js'
import { describeWithKafka } from '../support/kafka/describe-with-kafka.js'
import { eventually } from '../support/eventually.js'

/** Beyond every bound of the publisher itself. */
const BACK_MS_MAX = 60_000

describeWithKafka('publisher', {}, (kafka) => {
  const clock = new SystemClock()
  const said: string[] = []
  const opened: Publisher[] = []
  let topics = 0

  /** Publishers on the broker, and on nobody listening where `dead` is told. */
  const opener = (brokers = kafka().addresses) => {
    const config = { brokers, tls: null, sasl: null, clientId: 'satchel-test', topicPrefix: '' }
    const { openPublisher } = openKafka(config, {
      clock,
      log: (facts, text) => said.push(JSON.stringify(facts) + text),
    })
    return () => {
      const publisher = openPublisher()
      opened.push(publisher)
      return publisher
    }
  }

  async function aTopic(shape: Parameters<ReturnType<typeof kafka>['createTopic']>[1] = {}): Promise<string> {
    const topic = `publisher-${++topics}`
    await kafka().createTopic(topic, shape)
    return topic
  }

  const valuesIn = async (topic: string) => (await kafka().read(topic)).map(({ value }) => value)

  describe('contract', () =>
    publisherContract(() => {
      const config = { brokers: kafka().addresses, tls: null, sasl: null, clientId: 'satchel-test', topicPrefix: '' }
      const { openPublisher, topics } = openKafka(config, { clock, log: () => undefined })
      return Promise.resolve({
        open: openPublisher,
        topics,
        createTopic: (name, { partitions, batchBytesMax }) =>
          kafka().createTopic(name, {
            numPartitions: partitions,
            configs: batchBytesMax === undefined ? {} : { 'max.message.bytes': String(batchBytesMax) },
          }),
        read: async (topic) =>
          (await kafka().read(topic)).map((found) => ({ ...found, key: found.key ?? '', value: found.value ?? '' })),
        close: () => Promise.resolve(),
      })
    }))

  afterEach(() => {
    for (const publisher of opened.splice(0)) publisher.close()
  })

  test('[V42] what is acknowledged stands in the topic: partition, key, value, headers and order as sent', async () => {
    const topic = await aTopic({ numPartitions: 3 })
    const publisher = opener()()
    const sent = Array.from({ length: 600 }, (_, at) => message(at % 3, `ключ-${at}`, `値 ${at}`, { id: `e/${at}` }))
    for (const batch of [sent.slice(0, 100), sent.slice(100, 101), sent.slice(101)]) {
      expect(await publisher.publish(topic, batch)).toEqual({ kind: 'acknowledged' })
    }
    const stored = await kafka().read(topic)
    for (const partition of [0, 1, 2]) {
      const inPartition = stored.filter((found) => found.partition === partition)
      expect(inPartition.map(({ offset: _, ...found }) => found)).toEqual(sent.filter((m) => m.partition === partition))
      expect(inPartition.map(({ offset }) => offset)).toEqual(inPartition.map((_, at) => at))
    }
  })

  test('[V44] a batch above the size of the topic is too large and writes nothing; smaller ones go on after it', async () => {
    const topic = await aTopic({ configs: { 'max.message.bytes': '20000' } })
    const publisher = opener()()
    const big = 'x'.repeat(9_000)
    const three = ['a', 'b', 'c'].map((key) => message(0, key, big))
    expect(await publisher.publish(topic, three)).toEqual({ kind: 'too-large' })
    expect(await publisher.publish(topic, [message(0, 'd', 'x'.repeat(21_000))])).toEqual({ kind: 'too-large' })
    expect(await valuesIn(topic)).toEqual([])
    expect(await publisher.publish(topic, three.slice(0, 2))).toEqual({ kind: 'acknowledged' })
    expect(await valuesIn(topic)).toEqual([big, big])
  })

  test('[V44] a topic that is not there, or has no such name, is unwritable; one made later is written to', async () => {
    const open = opener()
    const missing = await open().publish('not-yet', [message(0, 'a', '1')])
    expect(missing).toEqual({ kind: 'unwritable', reason: expect.stringContaining('UNKNOWN_TOPIC_OR_PARTITION') })
    expect(await open().publish('no/topic', [message(0, 'a', '1')])).toMatchObject({ kind: 'unwritable' })
    await kafka().createTopic('not-yet')
    expect(await open().publish('not-yet', [message(0, 'a', '2')])).toEqual({ kind: 'acknowledged' })
    expect(await valuesIn('not-yet')).toEqual(['2'])
  })

  test('[V42] an answer that is silent about a partition acknowledges nothing; once it is added, a fresh publisher writes there', async () => {
    const topic = await aTopic()
    const open = opener()
    const early = open()
    const silent = { kind: 'unwritable', reason: expect.stringContaining('no partition 1') }
    expect(await early.publish(topic, [message(1, 'a', '1')])).toEqual(silent)
    expect(await early.publish(topic, [message(0, 'a', '2'), message(1, 'a', '3')])).toEqual(silent)
    await kafka().addPartitions(topic, 2)
    expect(await early.publish(topic, [message(1, 'a', '4')])).toEqual(silent) // its metadata is of before
    expect(await open().publish(topic, [message(1, 'a', '5')])).toEqual({ kind: 'acknowledged' })
    expect(await valuesIn(topic)).toEqual(['2', '5'])
  })

  test('[V42] a topic that was deleted and made anew under a publisher loses nothing that is acknowledged afterwards', async () => {
    const topic = await aTopic()
    const open = opener()
    const publisher = open()
    expect(await publisher.publish(topic, [message(0, 'a', '1'), message(0, 'a', '2')])).toEqual({
      kind: 'acknowledged',
    })
    await kafka().deleteTopic(topic)
    await eventually(() => kafka().createTopic(topic), BACK_MS_MAX)
    expect((await publisher.publish(topic, [message(0, 'a', '3')])).kind).not.toBe('acknowledged')
    await eventually(async () => {
      expect(await open().publish(topic, [message(0, 'a', '4')])).toEqual({ kind: 'acknowledged' })
    }, BACK_MS_MAX)
    expect(await valuesIn(topic)).toContain('4')
  })

  test('[V43] a killed broker: the outcome is unknown at once, and a fresh publisher goes on when it is back', async () => {
    const topic = await aTopic()
    const open = opener()
    const publisher = open()
    expect(await publisher.publish(topic, [message(0, 'a', '1')])).toEqual({ kind: 'acknowledged' })
    await kafka().broker.kill()
    const from = performance.now()
    expect(await publisher.publish(topic, [message(0, 'a', '2')])).toMatchObject({ kind: 'unknown' })
    expect(await open().publish(topic, [message(0, 'a', '2')])).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('ECONNREFUSED'),
    })
    expect(performance.now() - from).toBeLessThan(9_000)
    await kafka().broker.start()
    expect(await publisher.publish(topic, [message(0, 'a', 'behind')])).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('closed before'),
    })
    await eventually(async () => {
      const again = open()
      expect(await again.publish(topic, [message(0, 'a', '2')])).toEqual({ kind: 'acknowledged' })
    }, BACK_MS_MAX)
    const values = await valuesIn(topic)
    expect([...new Set(values)]).toEqual(['1', '2'])
  })

  test('[V43] a batch given up while the broker was paused may be written late: it repeats what a fresh publisher writes, and loses nothing', async () => {
    const topic = await aTopic()
    const open = opener()
    const publisher = open()
    expect(await publisher.publish(topic, [message(0, 'a', '0')])).toEqual({ kind: 'acknowledged' })
    kafka().broker.pause()
    const from = performance.now()
    expect(await publisher.publish(topic, [message(0, 'a', '1'), message(0, 'a', '2')])).toMatchObject({
      kind: 'unknown',
    })
    expect(performance.now() - from).toBeLessThan(13_000)
    publisher.close()
    const waiting = open().publish(topic, [message(0, 'a', '1')])
    kafka().broker.resume()
    await waiting
    const after = open()
    expect(await after.publish(topic, [message(0, 'a', '1'), message(0, 'a', '2')])).toEqual({ kind: 'acknowledged' })
    expect(await after.publish(topic, [message(0, 'a', '3')])).toEqual({ kind: 'acknowledged' })
    const values = await valuesIn(topic)
    expect([...new Set(values)]).toEqual(['0', '1', '2', '3'])
    expect(values.at(-1)).toBe('3')
  })

  test('[V46] close waits for nothing: a call under way ends as unknown, and no later one is begun', async () => {
    const topic = await aTopic()
    const publisher = opener()()
    await publisher.publish(topic, [message(0, 'a', '1')])
    kafka().broker.pause()
    const under = publisher.publish(topic, [message(0, 'a', '2')])
    await new Promise((resolve) => setImmediate(resolve))
    const from = performance.now()
    publisher.close()
    expect(await under).toMatchObject({ kind: 'unknown' })
    expect(performance.now() - from).toBeLessThan(2_000)
    expect(await publisher.publish(topic, [message(0, 'a', '3')])).toMatchObject({ kind: 'unknown' })
    kafka().broker.resume()
    expect(await valuesIn(topic)).not.toContain('3')
  })

  test('[V45] with a dead broker first in the list, every second opening reaches the one that lives', async () => {
    const topic = await aTopic()
    const open = opener(['127.0.0.1:1', kafka().broker.address])
    const kinds: string[] = []
    for (const at of [1, 2, 3, 4]) kinds.push((await open().publish(topic, [message(0, 'a', String(at))])).kind)
    expect(kinds).toEqual(['unknown', 'acknowledged', 'unknown', 'acknowledged'])
    expect(await valuesIn(topic)).toEqual(['2', '4'])
  })

  test('[V43] one call at a time: a second one while the first is under way is a defect', async () => {
    const topic = await aTopic()
    const publisher = opener()()
    const first = publisher.publish(topic, [message(0, 'a', '1')])
    await expect(publisher.publish(topic, [message(0, 'a', '2')])).rejects.toThrow(/while another one is under way/)
    expect(await first).toEqual({ kind: 'acknowledged' })
  })

  test('[V49] nothing that the client library says has a value, a key or a stack in it', async () => {
    const open = opener()
    await open().publish('nobody-made-this', [message(0, 'canary-key', 'canary-value')])
    expect(said.length).toBeGreaterThan(0)
    expect(said.join('\n')).not.toMatch(/canary|値|ключ|\n\s+at /)
  })
})

const message = (partition: number, key: string, value: string, headers: Message['headers'] = {}): Message => ({
  partition,
  key,
  value,
  headers,
})
