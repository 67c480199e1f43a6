import { fileURLToPath } from 'node:url'
import { Kafka, logLevel } from 'kafkajs'
import { RELAY_BOUNDS } from '../../apps/server/dist/stream/relay-bounds.js'
import { Connection } from '../load/connection.js'
import { Devices } from '../load/devices.js'
import { startNode } from '../process/child.js'
import { messagesIn, startKafka } from '../process/kafka.js'
import { cpuSeconds, residentMiB } from '../process/resources.js'
import { startSatchel } from '../process/satchel.js'
import { atLeast, atMost, result } from '../report/result.js'
import { median, percentile } from '../report/statistics.js'
import { grouped } from '../report/table.js'
import { seedIdentities } from '../seed/identities.js'
import { seedOutbox } from '../seed/outbox.js'
import { createGuestPool } from '../seed/pool.js'
import { enableStream } from '../seed/stream.js'

export const name = 'stream'
export const title =
  'the change stream into a real Kafka, against a bare kafkajs producer and a server without a stream'

const PRODUCER = fileURLToPath(new URL('../floor/kafka-producer.js', import.meta.url))
const PARTITIONS = 8
const POLL_MS = 20

export async function run({ quick, say, generator, env }) {
  const cluster = await startKafka(say)
  if (cluster === null) return []
  try {
    const kafka = new Kafka({ brokers: [...cluster.addresses], logLevel: logLevel.NOTHING })
    const admin = kafka.admin()
    await admin.connect()
    const bench = { quick, say, generator, cluster, kafka, admin }
    const streaming = { ...env, SATCHEL_KAFKA_BROKERS: cluster.addresses.join(',') }
    const results = [
      ...(await visible({ ...bench, env: streaming })),
      ...(await writes({ ...bench, env, streaming })),
      ...(await relayed({ ...bench, env: streaming })),
      ...(await backlog({ ...bench, env: streaming })),
    ]
    await admin.disconnect()
    return results
  } finally {
    await cluster.end()
  }
}

/** One update every 15 ms, each seen by a consumer of its own connection. */
async function visible({ quick, say, cluster, kafka, env }) {
  const topic = 'visible'
  await cluster.createTopic(topic, { numPartitions: PARTITIONS })
  const server = await streamingServer({ topic, env, identities: 50 })
  const workload = { ...UPDATES, connections: 1, updatesPerConnection: quick ? 100 : 500 }
  const devices = new Devices(server)
  await devices.enter(server.identities)
  const [requests] = await devices.updates({ workload, identities: server.identities, round: 0 })

  const seenAt = []
  const consumer = kafka.consumer({ groupId: 'bench', maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const ready = joined(consumer)
  await consumer.run({ eachMessage: () => Promise.resolve(void seenAt.push(performance.now())) })
  await ready

  const connection = await Connection.open(server.port)
  const fromRequest = []
  const fromAnswer = []
  for (const request of requests) {
    const at = seenAt.length
    const sentAt = performance.now()
    const answeredAt = await answered(connection, request)
    await until(() => seenAt.length > at)
    fromRequest.push(seenAt[at] - sentAt)
    fromAnswer.push(seenAt[at] - answeredAt)
    await pause(15)
  }
  connection.close()
  await consumer.disconnect()
  await server.stop()
  say(
    `visible ${percentile(fromRequest, 0.5).toFixed(1)} ms after the request, ${percentile(fromAnswer, 0.5).toFixed(1)} after its answer`,
  )
  return [
    result({
      name: 'stream-visible',
      title: 'one update, from its request to a consumer of Kafka',
      unit: 'ms, median',
      rounds: [percentile(fromRequest, 0.5)],
      goal: atMost(10),
      notes: [
        `p95 ${percentile(fromRequest, 0.95).toFixed(1)} ms, p99 ${percentile(fromRequest, 0.99).toFixed(1)} ms; ` +
          `from the answer p50 ${percentile(fromAnswer, 0.5).toFixed(1)} ms; ${requests.length} updates, one after the other`,
      ],
    }),
  ]
}

/** The same updates to a server whose pool streams and to one whose pool does not. */
async function writes({ quick, say, generator, cluster, env, streaming }) {
  const topic = 'writes'
  await cluster.createTopic(topic, { numPartitions: PARTITIONS })
  const rounds = quick ? 3 : 7
  const workload = { ...UPDATES, connections: 64, updatesPerConnection: quick ? 100 : 300 }
  const servers = {
    on: await streamingServer({ topic, env: streaming, identities: 1_000 }),
    off: await streamingServer({ topic: null, env, identities: 1_000 }),
  }
  for (const { port, pool, identities } of Object.values(servers)) {
    await generator.ask({ call: 'enter', port, pool, identities })
  }
  const runs = { on: [], off: [] }
  for (let round = 0; round <= rounds; round++) {
    const order = round % 2 === 0 ? ['on', 'off'] : ['off', 'on']
    const one = {}
    for (const kind of order) {
      const { port, identities, pid } = servers[kind]
      await generator.ask({ call: 'prepareUpdates', name: kind, port, workload, identities, round })
      const before = cpuSeconds(pid)
      const figures = await generator.ask({ call: 'send', name: kind, port })
      one[kind] = { ...figures, cpu: ((cpuSeconds(pid) - before) * 1e6) / figures.requests }
    }
    if (round === 0) continue // warms up
    for (const kind of order) runs[kind].push(one[kind])
    say(`round ${round}: ${grouped(one.on.perSecond)} updates/s with a stream, ${grouped(one.off.perSecond)}/s without`)
  }
  for (const server of Object.values(servers)) await server.stop()
  const of = (kind, member) => median(runs[kind].map((figures) => figures[member]))
  return [
    result({
      name: 'stream-writes',
      title: 'updates per second of a server with its stream on, broker on the same machine',
      unit: '× of one with it off',
      rounds: runs.on.map(({ perSecond }, at) => perSecond / runs.off[at].perSecond),
      goal: atLeast(0.85),
      notes: [
        ...['on ', 'off'].map(
          (kind) =>
            `${kind} ${grouped(of(kind.trim(), 'perSecond'))}/s, p99 ${of(kind.trim(), 'p99').toFixed(2)} ms, ${of(kind.trim(), 'cpu').toFixed(0)} µs of processor time each`,
        ),
        // The broker takes its part of the machine too; this is the server process alone.
        `by processor time of the server ${median(runs.on.map(({ cpu }, at) => runs.off[at].cpu / cpu)).toFixed(2)} ×`,
      ],
    }),
  ]
}

/** What a relay publishes in a second of changes that wait, against a bare producer that sends the same batches. */
async function relayed({ quick, say, cluster, admin, env }) {
  const rounds = quick ? 2 : 5
  const rows = quick ? 20_000 : 100_000
  const producer = startNode(PRODUCER)
  const runs = []
  for (let round = 0; round <= rounds; round++) {
    const drained = await drain({ topic: `relayed-${round}`, rows, cluster, admin, env })
    const bare = `bare-${round}`
    await cluster.createTopic(bare, { numPartitions: PARTITIONS })
    const options = seedOptions({ pool: drained.pool, topic: bare, rows })
    await producer.ask({ call: 'prepare', batch: RELAY_BOUNDS.batchRowsMax, ...options })
    const { seconds } = await producer.ask({ call: 'send', brokers: [...cluster.addresses], topic: bare })
    if (round === 0) continue // warms up
    runs.push({ relay: drained.perSecond, bare: rows / seconds })
    say(`round ${round}: ${grouped(drained.perSecond)} changes/s, bare producer ${grouped(rows / seconds)}/s`)
  }
  await producer.stop()
  return [
    result({
      name: 'stream-relay',
      title: `changes that wait, published in batches of at most ${RELAY_BOUNDS.batchRowsMax}`,
      unit: '× bare kafkajs producer',
      rounds: runs.map(({ relay, bare }) => relay / bare),
      goal: atLeast(0.7),
      notes: [
        `${grouped(median(runs.map(({ relay }) => relay)))}/s against ${grouped(median(runs.map(({ bare }) => bare)))}/s`,
      ],
    }),
  ]
}

/** Memory while a large backlog drains: what it holds at the end of it above what it held after the first tenth. */
async function backlog({ quick, say, cluster, admin, env }) {
  const rows = quick ? 50_000 : 1_000_000
  const { perSecond, memory } = await drain({ topic: 'backlog', rows, cluster, admin, env })
  const [early, late] = [memory.slice(0, memory.length / 10), memory.slice(memory.length / 10)]
  const growth = Math.max(...late) - Math.max(...early)
  say(`${grouped(rows)} changes drained at ${grouped(perSecond)}/s; ${Math.max(...memory).toFixed(0)} MiB at most`)
  return [
    result({
      name: 'stream-backlog',
      title: `${grouped(rows)} changes drained: resident memory at most, above that of the first tenth`,
      unit: 'MiB',
      rounds: [growth],
      goal: atMost(50),
      notes: [`${grouped(perSecond)} changes/s; ${Math.max(...memory).toFixed(0)} MiB at most`],
    }),
  ]
}

const UPDATES = { dataset: 'settings', patches: 1, keysPerDataset: 8, valueBytes: 200 }

const seedOptions = ({ pool, topic, rows }) => ({
  pool,
  topic,
  partitions: PARTITIONS,
  rows,
  datasets: 1_000,
  valueBytes: 200,
  run: topic,
})

/** A server that finds `rows` changes waiting when it starts; answers how fast they went, first tenth left out. */
async function drain({ topic, rows, cluster, admin, env }) {
  await cluster.createTopic(topic, { numPartitions: PARTITIONS })
  const first = await streamingServer({ topic, env, identities: 1, stopped: true })
  seedOutbox(first.databaseFile, seedOptions({ pool: first.pool, topic, rows }))
  const server = await startSatchel({ dataDir: first.dataDir, env })
  const memory = []
  let begun = null
  for (;;) {
    const done = await messagesIn(admin, topic)
    if (done > 0) memory.push(residentMiB(server.pid))
    if (begun === null && done >= rows / 10) begun = { done, at: performance.now() }
    if (done >= rows) break
    await pause(POLL_MS)
  }
  const perSecond = (rows - begun.done) / ((performance.now() - begun.at) / 1_000)
  await server.stop()
  return { pool: first.pool, perSecond, memory }
}

/** A server with a pool of so many guests, whose changes go to a topic; to none where that is null. */
async function streamingServer({ topic, env, identities: count, stopped = false }) {
  const first = await startSatchel({ env })
  const pool = await createGuestPool(first)
  if (topic !== null) await enableStream({ ...first, pool }, topic)
  await first.stop()
  const identities = seedIdentities(first.databaseFile, { pool, count })
  const server = stopped ? first : await startSatchel({ dataDir: first.dataDir, env })
  return { ...server, pool, identities }
}

const answered = (connection, request) =>
  new Promise((resolve, reject) =>
    connection.send(
      request,
      (status, body) =>
        status === 200 ? resolve(performance.now()) : reject(new Error(`an update was answered ${status}: ${body()}`)),
      reject,
    ),
  )

const joined = (consumer) =>
  new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => setTimeout(resolve, 500)))

async function until(holds) {
  const deadline = performance.now() + 10_000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('an update was not seen in Kafka within 10 s')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
