import { SystemClock } from '../../apps/server/src/runtime/clock.js'
import { openKafka } from '../../apps/server/src/stream/kafka.js'
import type { Publisher } from '../../apps/server/src/stream/publisher.js'
import { describeWithKafka } from '../support/kafka/describe-with-kafka.js'
import { eventually } from '../support/eventually.js'

const BACK_MS_MAX = 60_000

describeWithKafka('publisher on three brokers', { brokers: 3 }, (kafka) => {
  const opened: Publisher[] = []

  const opener = () => {
    const config = { brokers: kafka().addresses, tls: null, sasl: null, clientId: 'satchel-test', topicPrefix: '' }
    const { openPublisher } = openKafka(config, { clock: new SystemClock(), log: () => undefined })
    return () => {
      const publisher = openPublisher()
      opened.push(publisher)
      return publisher
    }
  }

  /** Leads, and is followed by, the brokers of these ids. */
  async function aTopic(topic: string, replicas: number[], inSyncMin: number): Promise<void> {
    await eventually(
      () =>
        kafka().createTopic(topic, {
          replicaAssignment: [{ partition: 0, replicas }],
          configs: { 'min.insync.replicas': String(inSyncMin) },
        }),
      BACK_MS_MAX,
    )
  }

  const a = (value: number) => ({ partition: 0, key: 'a', value: String(value), headers: {} })
  const valuesIn = async (topic: string) => (await kafka().read(topic)).map(({ value }) => Number(value))

  /** Publishes 0 to `count` - 1 one after another, as the relay does: after anything but an acknowledgement by a fresh publisher. */
  async function relay(topic: string, count: number, disturb: (value: number) => Promise<void> | void): Promise<void> {
    const open = opener()
    let publisher = open()
    for (let value = 0; value < count; value++) {
      await disturb(value)
      await eventually(async () => {
        const outcome = await publisher.publish(topic, [a(value)])
        if (outcome.kind === 'acknowledged') return
        publisher.close()
        publisher = open()
        throw new Error(JSON.stringify(outcome))
      }, BACK_MS_MAX)
    }
  }

  afterEach(() => {
    for (const publisher of opened.splice(0)) publisher.close()
  })

  test.each([
    ['killed', 'kill'],
    ['stopped in order', 'stop'],
  ] as const)(
    '[V43, V45] the leader, which is also the first of the list, is %s: nothing is lost or out of order',
    async (_, how) => {
      const topic = `leader-${how}`
      await aTopic(topic, [1, 2, 3], 2)
      await relay(topic, 60, async (value) => {
        if (value === 30) await kafka().broker[how]()
      })
      const values = await valuesIn(topic)
      expect([...new Set(values)]).toEqual(Array.from({ length: 60 }, (_, at) => at))
      await kafka().broker.start()
    },
  )

  test('[V43, V45] the leader hangs: another one is found behind it, and what it writes late is a repetition', async () => {
    await aTopic('leader-hangs', [1, 2, 3], 2)
    await relay('leader-hangs', 20, (value) => {
      if (value === 10) kafka().broker.pause()
    })
    kafka().broker.resume()
    await relay('leader-hangs', 1, () => undefined)
    const values = await valuesIn('leader-hangs')
    expect([...new Set(values)]).toEqual(Array.from({ length: 20 }, (_, at) => at))
  })

  test('[V44] too few replicas in sync: unknown, until there are enough again', async () => {
    await aTopic('few-in-sync', [2, 3], 2)
    const open = opener()
    expect(await open().publish('few-in-sync', [a(1)])).toEqual({ kind: 'acknowledged' })
    await kafka().brokers[2]!.kill()
    await eventually(async () => {
      const outcome = await open().publish('few-in-sync', [a(2)])
      expect(outcome).toEqual({ kind: 'unknown', reason: expect.stringMatching(/NOT_ENOUGH_REPLICAS/) })
    }, BACK_MS_MAX)
    await kafka().brokers[2]!.start()
    await eventually(async () => {
      expect(await open().publish('few-in-sync', [a(3)])).toEqual({ kind: 'acknowledged' })
    }, BACK_MS_MAX)
    expect(await valuesIn('few-in-sync')).toEqual(expect.arrayContaining([1, 3]))
  })
})
