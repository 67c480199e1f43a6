import type { Message, OpenPublisher, Publisher } from './publisher.js'
import type { Topics } from './topics.js'

/** A broker that a test may do as it likes with. */
export type PublisherHarness = Readonly<{
  open: OpenPublisher
  topics: Topics
  createTopic(name: string, facts: Readonly<{ partitions: number; batchBytesMax?: number }>): Promise<void>
  /** Everything a topic holds: partition after partition, each by offset. */
  read(topic: string): Promise<readonly Message[]>
  close(): Promise<void>
}>

/** What every adapter of {@link Publisher} and {@link Topics} must do. */
export function publisherContract(start: () => Promise<PublisherHarness>): void {
  let kafka: PublisherHarness
  let publisher: Publisher
  let topic: string
  let made = 0

  beforeAll(async () => {
    kafka = await start()
  })
  afterAll(() => kafka.close())
  beforeEach(() => {
    topic = `contract-${++made}`
    publisher = kafka.open()
  })
  afterEach(() => publisher.close())

  const message = (value: string, over: Partial<Message> = {}): Message => ({
    partition: 0,
    key: 'eu-west-1:one',
    value,
    headers: { id: value.slice(0, 20) },
    ...over,
  })

  test('[V24] what is acknowledged is in the topic as it was given: partition, key, value and headers', async () => {
    await kafka.createTopic(topic, { partitions: 3 })
    const messages = [
      message('first', { partition: 2, headers: { id: 'a/b/1', type: 'change', previousSyncCount: '0' } }),
      message('\u{1f3b5} "käse"\n\u2028', { partition: 2 }),
      message('', { partition: 2, key: 'ключ', headers: {} }),
    ]
    expect(await publisher.publish(topic, messages)).toEqual({ kind: 'acknowledged' })
    expect(await kafka.read(topic)).toMatchObject(messages)
  })

  test('[V24] messages of a partition stand in the order of their calls and in the order within each', async () => {
    await kafka.createTopic(topic, { partitions: 2 })
    for (let call = 0; call < 5; call++) {
      const messages = Array.from({ length: 20 }, (_, index) =>
        message(`${call}-${index}`, { partition: index % 2, headers: {} }),
      )
      expect(await publisher.publish(topic, messages)).toEqual({ kind: 'acknowledged' })
    }
    const valuesOf = (wanted: number) =>
      Array.from({ length: 100 }, (_, at) => [Math.floor(at / 20), at % 20] as const)
        .filter(([, index]) => index % 2 === wanted)
        .map(([call, index]) => `${call}-${index}`)
    const read = await kafka.read(topic)
    expect(read.filter(({ partition }) => partition === 0).map(({ value }) => value)).toEqual(valuesOf(0))
    expect(read.filter(({ partition }) => partition === 1).map(({ value }) => value)).toEqual(valuesOf(1))
  })

  test('[V24] a topic that is missing is unwritable, and is not made', async () => {
    expect(await publisher.publish(topic, [message('x')])).toMatchObject({ kind: 'unwritable' })
    expect(await kafka.topics.inspect(topic)).toEqual({ kind: 'missing' })
  })

  test('[V24] a partition that is missing is unwritable, even if others in the call are there', async () => {
    await kafka.createTopic(topic, { partitions: 1 })
    const outcome = await publisher.publish(topic, [message('there'), message('absent', { partition: 1 })])
    expect(outcome).toMatchObject({ kind: 'unwritable' })
    expect((await kafka.read(topic)).filter(({ partition }) => partition === 1)).toEqual([])
  })

  test('[V24] a batch above the limit of its topic is too large and not written; the publisher goes on', async () => {
    await kafka.createTopic(topic, { partitions: 1, batchBytesMax: 2_000 })
    const random = Array.from({ length: 2_000 }, (_, at) => String.fromCharCode(33 + ((at * at * 31 + at) % 90)))
    expect(await publisher.publish(topic, [message(random.join(''))])).toEqual({ kind: 'too-large' })
    expect(await publisher.publish(topic, [message('small')])).toEqual({ kind: 'acknowledged' })
    expect((await kafka.read(topic)).map(({ value }) => value)).toEqual(['small'])
  })

  test('[V24] a closed publisher writes nothing', async () => {
    await kafka.createTopic(topic, { partitions: 1 })
    publisher.close()
    expect(await publisher.publish(topic, [message('x')])).toMatchObject({ kind: 'unknown' })
    expect(await kafka.read(topic)).toEqual([])
  })

  test('[V24] a topic is found with its partitions and the limit of its batches', async () => {
    await kafka.createTopic(topic, { partitions: 3, batchBytesMax: 250_000 })
    expect(await kafka.topics.inspect(topic)).toMatchObject({
      kind: 'found',
      facts: { partitions: 3, batchBytesMax: 250_000 },
    })
  })
}
