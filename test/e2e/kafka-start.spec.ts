import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { aGuest, aPool } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { describeWithKafka } from '../support/kafka/describe-with-kafka.js'
import { RunningServer, SERVER_MAIN } from '../support/start-server.js'
import { replace } from '../support/wire-client.js'

const started: RunningServer[] = []
afterAll(() => Promise.all(started.map((server) => server.kill())))

async function startWith(brokers: string): Promise<RunningServer> {
  const server = await RunningServer.start({ settings: { SATCHEL_KAFKA_BROKERS: brokers } })
  started.push(server)
  return server
}

async function toldOfKafka(server: RunningServer): Promise<Record<string, unknown>> {
  return eventually(async () => {
    const line = (await server.log()).find(({ msg }) => String(msg).includes('Kafka'))
    if (line === undefined) throw new Error(`nothing of Kafka in the log\n${server.process.output}`)
    return line
  }, 20_000)
}

test('[V41] a Kafka that cannot be reached is logged, with the reason, and keeps no server from starting and serving', async () => {
  const server = await startWith('127.0.0.1:1')
  const guest = await aGuest(server, await aPool(server))
  await guest.device.write('settings', replace('a', '1'))
  const line = await toldOfKafka(server)
  expect(line).toMatchObject({
    level: 'warn',
    msg: 'no broker of Kafka answers; changes wait in the outbox until one does',
    brokers: ['127.0.0.1:1'],
    reason: expect.stringContaining('ECONNREFUSED'),
  })
})

describeWithKafka('a Kafka that is there', {}, (kafka) => {
  test('[V41] a broker that answers is logged', async () => {
    const server = await startWith(`127.0.0.1:1,${kafka().broker.address}`)
    expect(await toldOfKafka(server)).toMatchObject({ level: 'info', msg: 'Kafka answers' })
  })
})

/** Whether a program has loaded the client library. */
async function loadsKafka(program: string): Promise<boolean> {
  const server = new URL('serve.js', `file://${SERVER_MAIN}`)
  const loaded = `Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('/kafkajs/'))`
  const code = `import { createRequire } from 'node:module'\nawait import('${server.href}')\n${program}\nprocess.stdout.write(String(${loaded}))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code])
  return stdout === 'true'
}

test('[V49] the client library is not loaded before Kafka is used', async () => {
  expect(await loadsKafka('')).toBe(false)
  const kafka = new URL('stream/kafka-connection.js', `file://${SERVER_MAIN}`)
  const config = { brokers: ['127.0.0.1:1'], tls: null, sasl: null, clientId: 'x', topicPrefix: '' }
  const use = `const { KafkaConnections } = await import('${kafka.href}')
    const next = () => new KafkaConnections(${JSON.stringify(config)}, () => undefined).next(1)`
  expect(await loadsKafka(`${use}; next()`)).toBe(false)
  expect(await loadsKafka(`${use}; await next().client()`)).toBe(true)
})
