import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from 'kafkajs'
import type { KafkaConfig, KafkaLogin } from '../../apps/server/src/config/kafka-config.js'
import { SystemClock } from '../../apps/server/src/runtime/clock.js'
import { openKafka } from '../../apps/server/src/stream/kafka.js'
import { aCertificate } from '../support/kafka/a-certificate.js'
import { aKeyFile, type KeyFile } from '../support/kafka/a-key-file.js'
import { describeWithKafka } from '../support/kafka/describe-with-kafka.js'
import type { ClusterOptions } from '../support/kafka/kafka-cluster.js'
import { KAFKA_USER } from '../support/kafka/server-properties.js'

const A_MESSAGE = { partition: 0, key: 'a', value: '1', headers: {} }
const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const

let keyFile: KeyFile
afterAll(() => keyFile?.remove())

function withTls(): ClusterOptions {
  keyFile = aKeyFile()
  return { keyFile: keyFile.path }
}

describeWithKafka('login and encryption', withTls, (kafka) => {
  const clock = new SystemClock()
  const said: string[] = []

  const open = (config: Pick<KafkaConfig, 'brokers'> & Partial<KafkaConfig>) =>
    openKafka(
      { tls: null, sasl: null, clientId: 'satchel-test', topicPrefix: '', ...config },
      { clock, log: (facts, text) => said.push(JSON.stringify(facts) + text) },
    )

  const loggedIn = (sasl: KafkaLogin | null) => open({ brokers: [kafka().broker.loginAddress], sasl })

  async function publishOnce({ openPublisher }: ReturnType<typeof open>, topic: string) {
    const publisher = openPublisher()
    const outcome = await publisher.publish(topic, [A_MESSAGE])
    publisher.close()
    return outcome
  }

  beforeAll(() => kafka().createTopic('open'))

  test.each(MECHANISMS)(
    '[V48] %s with the right password publishes and looks at topics, again and again',
    async (mechanism) => {
      const stream = loggedIn({ mechanism, ...KAFKA_USER })
      expect(await publishOnce(stream, 'open')).toEqual({ kind: 'acknowledged' })
      expect(await publishOnce(stream, 'open')).toEqual({ kind: 'acknowledged' })
      expect(await stream.topics.inspect('open')).toMatchObject({ kind: 'found' })
    },
  )

  test.each(MECHANISMS)(
    '[V44, V48] %s with a wrong password is no word about the topic: unknown and unreachable, with the reason',
    async (mechanism) => {
      const stream = loggedIn({ mechanism, ...KAFKA_USER, password: 'wrong-canary' })
      const reason = expect.stringMatching(/SASL/i)
      expect(await publishOnce(stream, 'open')).toEqual({ kind: 'unknown', reason })
      expect(await stream.topics.inspect('open')).toEqual({ kind: 'unreachable', reason })
      expect(await stream.topics.whyUnreachable()).toEqual(reason)
    },
  )

  test('[V48] without a login a broker that asks for one is unreachable', async () => {
    expect(await publishOnce(loggedIn(null), 'open')).toMatchObject({ kind: 'unknown' })
    expect(await loggedIn(null).topics.inspect('open')).toMatchObject({ kind: 'unreachable' })
  })

  test.each([
    // Where anything is allowed to anybody, all else is forbidden.
    ['look at', [AclOperationTypes.DELETE], 'forbidden'],
    ['write to', [AclOperationTypes.DESCRIBE, AclOperationTypes.DESCRIBE_CONFIGS], 'found'],
  ])('[V44, V47] a topic that the server may not %s is unwritable', async (what, allowed, seen) => {
    const topic = `closed-${what.slice(0, 4)}`
    await kafka().createTopic(topic)
    await kafka().administer((admin) =>
      admin.createAcls({
        acl: allowed.map((operation) => ({
          resourceType: AclResourceTypes.TOPIC,
          resourceName: topic,
          resourcePatternType: ResourcePatternTypes.LITERAL,
          principal: `User:${KAFKA_USER.username}`,
          host: '*',
          operation,
          permissionType: AclPermissionTypes.ALLOW,
        })),
      }),
    )
    const stream = loggedIn({ mechanism: 'scram-sha-256', ...KAFKA_USER })
    expect(await publishOnce(stream, topic)).toEqual({
      kind: 'unwritable',
      reason: expect.stringContaining('TOPIC_AUTHORIZATION_FAILED'),
    })
    expect(await stream.topics.inspect(topic)).toMatchObject({ kind: seen })
    expect(await kafka().read(topic)).toEqual([])
  })

  test('[V48] TLS with the authority that was named publishes; with another one, or with the known ones, nothing is sent', async () => {
    const brokers = [kafka().broker.tlsAddress]
    const { topics, openPublisher } = open({ brokers, tls: { ca: keyFile.certificate } })
    expect(await publishOnce({ topics, openPublisher }, 'open')).toEqual({ kind: 'acknowledged' })
    expect(await topics.inspect('open')).toMatchObject({ kind: 'found' })
    const before = (await kafka().read('open')).length
    for (const ca of [aCertificate().certificate, null]) {
      const distrustful = open({ brokers, tls: { ca } })
      expect(await publishOnce(distrustful, 'open')).toEqual({
        kind: 'unknown',
        reason: expect.stringMatching(/certificate/),
      })
      expect(await distrustful.topics.inspect('open')).toMatchObject({ kind: 'unreachable' })
    }
    expect(await publishOnce(open({ brokers }), 'open')).toMatchObject({ kind: 'unknown' })
    expect(await kafka().read('open')).toHaveLength(before)
  })

  test('[V48] no password is in what the client library says', async () => {
    await publishOnce(loggedIn({ mechanism: 'plain', username: 'app', password: 'wrong-canary' }), 'open')
    expect(said.length).toBeGreaterThan(0)
    expect(said.join('\n')).not.toMatch(/wrong-canary|app-secret/)
  })
})
