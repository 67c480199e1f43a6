import { SystemClock } from '../../apps/server/src/runtime/clock.js'
import { openKafka } from '../../apps/server/src/stream/kafka.js'
import { describeWithKafka } from '../support/kafka/describe-with-kafka.js'

const DEAD = '127.0.0.1:1'

describeWithKafka('topics', {}, (kafka) => {
  const topicsOf = (...brokers: string[]) =>
    openKafka(
      { brokers, tls: null, sasl: null, clientId: 'satchel-test', topicPrefix: '' },
      { clock: new SystemClock(), log: () => undefined },
    ).topics

  test('[V47] what a topic says of itself is found, and what it does not say is the default of the broker', async () => {
    await kafka().createTopic('plain', { numPartitions: 5 })
    const topics = topicsOf(kafka().broker.address)
    expect(await topics.inspect('plain')).toEqual({
      kind: 'found',
      facts: {
        partitions: 5,
        batchBytesMax: 1_048_588,
        replicas: 1,
        inSyncReplicasMin: 1,
        cleanupPolicy: 'delete',
        retentionMs: 7 * 86_400_000,
        uncleanElection: false,
      },
    })
    await kafka().alterTopic('plain', {
      'max.message.bytes': '20000',
      'min.insync.replicas': '2',
      'cleanup.policy': 'compact,delete',
      'retention.ms': '-1',
      'unclean.leader.election.enable': 'true',
    })
    await kafka().addPartitions('plain', 6)
    expect(await topics.inspect('plain')).toMatchObject({
      facts: {
        partitions: 6,
        batchBytesMax: 20_000,
        inSyncReplicasMin: 2,
        cleanupPolicy: 'compact,delete',
        retentionMs: null,
        uncleanElection: true,
      },
    })
  })

  test('[V47] a topic that is not there, or could have no such name, is missing; looking does not make it', async () => {
    const topics = topicsOf(kafka().broker.address)
    for (const name of ['nobody-made-this', 'no/topic', '..'])
      expect(await topics.inspect(name)).toEqual({ kind: 'missing' })
    expect(await topics.inspect('nobody-made-this')).toEqual({ kind: 'missing' })
  })

  test('[V45, V47] a dead broker in the list does not hide the one that lives', async () => {
    await kafka().createTopic('behind-a-dead-one')
    const topics = topicsOf(DEAD, kafka().broker.address)
    for (let time = 0; time < 3; time++) {
      expect(await topics.inspect('behind-a-dead-one')).toMatchObject({ kind: 'found' })
      expect(await topics.whyUnreachable()).toBeNull()
    }
  })

  test('[V46, V47] brokers that refuse, or hang, are unreachable within 10 seconds, with the reason', async () => {
    await kafka().createTopic('hanging')
    expect(await topicsOf(DEAD).inspect('hanging')).toEqual({
      kind: 'unreachable',
      reason: expect.stringContaining('ECONNREFUSED'),
    })
    kafka().broker.pause()
    const { address } = kafka().broker
    const from = performance.now()
    const outcome = await topicsOf(...Array.from({ length: 9 }, () => address)).inspect('hanging')
    const took = performance.now() - from
    kafka().broker.resume()
    expect(outcome).toEqual({ kind: 'unreachable', reason: expect.stringContaining('KafkaJSRequestTimeoutError') })
    expect(took).toBeLessThan(12_000)
    expect(await topicsOf(address).inspect('hanging')).toMatchObject({ kind: 'found' })
  })
})
