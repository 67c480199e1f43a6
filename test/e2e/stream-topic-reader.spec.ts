import { KafkaTopicReader } from '../../apps/server/src/stream/audit/kafka-topic-reader.js'
import type { TopicMessage } from '../../apps/server/src/stream/audit/topic-reader.js'
import { KafkaConnections } from '../../apps/server/src/stream/kafka-connection.js'
import { openKafka } from '../../apps/server/src/stream/kafka.js'
import { SystemClock } from '../../apps/server/src/runtime/clock.js'
import { SystemRandom } from '../../apps/server/src/runtime/random.js'
import { describeWithKafka } from '../support/kafka/describe-with-kafka.js'
import type { KafkaCluster } from '../support/kafka/kafka-cluster.js'

const PREFIX = 'site.'

describeWithKafka(
  'reading a topic from its beginning to its end, with a real Kafka',
  {},
  (kafka: () => KafkaCluster) => {
    let topics = 0
    let stream: string

    beforeEach(async () => {
      stream = `read-${++topics}`
      await kafka().createTopic(PREFIX + stream, { numPartitions: 3 })
    })

    const clock = new SystemClock()
    const config = () => ({ brokers: kafka().addresses, tls: null, sasl: null, clientId: 'test', topicPrefix: PREFIX })
    const reader = () =>
      new KafkaTopicReader({
        connections: new KafkaConnections(config(), () => undefined),
        clock,
        random: new SystemRandom(),
        topicPrefix: PREFIX,
      })

    async function send(count: number, from = 0): Promise<void> {
      const publisher = openKafka(config(), { clock, log: () => undefined }).openPublisher()
      const messages = Array.from({ length: count }, (_, n) => ({
        partition: n % 2, // the third partition stays empty
        key: 'key',
        value: `value ${from + n}`,
        headers: { type: 'change', epoch: '0' },
      }))
      for (let at = 0; at < count; at += 500) {
        expect(await publisher.publish(PREFIX + stream, messages.slice(at, at + 500))).toEqual({ kind: 'acknowledged' })
      }
      publisher.close()
    }

    async function readAll(): Promise<readonly TopicMessage[]> {
      const bounds = await reader().bounds(stream)
      const messages: TopicMessage[] = []
      await reader().read(stream, bounds!, (batch) => messages.push(...batch))
      return messages
    }

    test('[V76] everything is read, each partition in its order, and no group is left behind', async () => {
      await send(5_000)
      const messages = await readAll()
      expect(messages).toHaveLength(5_000)
      expect(messages[0]).toMatchObject({ streamName: stream, key: 'key', headers: { type: 'change', epoch: '0' } })
      for (const partition of [0, 1]) {
        const values = messages.filter((message) => message.partition === partition).map(({ value }) => value)
        expect(values).toEqual(Array.from({ length: 2_500 }, (_, n) => `value ${2 * n + partition}`))
      }
      const { groups } = await kafka().administer((admin) => admin.listGroups())
      expect(groups.map(({ groupId }) => groupId).filter((id) => id.startsWith('satchel-audit'))).toEqual([])
    })

    test('[V76] what is written after the end was taken is not handed over', async () => {
      await send(10)
      const bounds = await reader().bounds(stream)
      await send(10, 10)
      const messages: TopicMessage[] = []
      await reader().read(stream, bounds!, (batch) => messages.push(...batch))
      expect(messages.map(({ value }) => value).sort()).toEqual(Array.from({ length: 10 }, (_, n) => `value ${n}`))
    })

    test('[V76] an empty topic is read at once, a removed beginning is told, and a missing topic is null', async () => {
      expect(await readAll()).toEqual([])
      await send(10)
      const partitions = [{ partition: 0, offset: '3' }]
      await kafka().administer(async (admin) => {
        await admin.fetchTopicOffsets(PREFIX + stream) // the library deletes only from topics it has looked at
        await admin.deleteTopicRecords({ topic: PREFIX + stream, partitions })
      })
      expect(await reader().bounds(stream)).toEqual([
        { partition: 0, start: 3, end: 5 },
        { partition: 1, start: 0, end: 5 },
        { partition: 2, start: 0, end: 0 },
      ])
      expect(await readAll()).toHaveLength(7)
      expect(await reader().bounds('missing')).toBeNull()
    })
  },
)
