import Database from 'better-sqlite3'
import fc from 'fast-check'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { streamStanding, type StreamLink, type StreamPosition } from '../../apps/server/src/domain/stream-standing.js'
import { SystemClock } from '../../apps/server/src/runtime/clock.js'
import { openKafka } from '../../apps/server/src/stream/kafka.js'
import type { Message } from '../../apps/server/src/stream/publisher.js'
import { aGuest, aPool, adminOf, datasetOf } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { describeWithKafka } from '../support/kafka/describe-with-kafka.js'
import type { KafkaCluster } from '../support/kafka/kafka-cluster.js'
import { Seeded } from '../support/seeded.js'
import { startServer } from '../support/start-server.js'

const FOLDER = new URL('../../examples/stream-consumer/', import.meta.url)
const TOPIC = 'changes'
const DAY_MS = 86_400_000
const KILLS = 4
const RoleArn = 'arn:aws:iam::000000000000:role/streams'

test('[V77] the rule of the example is the rule of the stream', async () => {
  const { standing } = (await import(String(new URL('standing.js', FOLDER)))) as {
    standing: (last: StreamPosition | null, link: StreamLink) => string
  }
  const at = fc.record({ epoch: fc.nat(2), syncCount: fc.nat(5) })
  const link = fc.record({ epoch: fc.nat(2), syncCount: fc.nat(5), previousEpoch: fc.nat(2), previous: fc.nat(5) })
  fc.assert(
    fc.property(fc.option(at), link, (last, change) => {
      expect(standing(last, change)).toBe(streamStanding(last, change))
    }),
    { numRuns: 2_000 },
  )
})

const TAKEN = 'partition 0: 1 taken, 0 passed over'

type Written = Readonly<{ user: number; dataset: string; syncCount: number; at: number; keys: number }>

/** A change as a server publishes it. */
function messageOf(
  { user, dataset, syncCount, at, keys }: Written,
  over: Readonly<Record<string, unknown>> = {},
): Message {
  const identity = `eu-west-1:00000000-0000-4000-8000-${String(user).padStart(12, '0')}`
  const kinesisSyncRecords = Array.from({ length: keys }, (_, n) => ({
    key: `k${n}`,
    value: 'v',
    syncCount,
    op: 'replace',
  }))
  const payload = { identityPoolId: 'eu-west-1:pool', identityId: identity, datasetName: dataset, operation: 'replace' }
  return {
    partition: user % 3,
    key: identity,
    value: JSON.stringify({
      ...payload,
      kinesisSyncRecords,
      lastModifiedDate: at,
      payloadType: 'Inline',
      syncCount,
      ...over,
    }),
    headers: {
      type: 'change',
      epoch: '1',
      previousEpoch: syncCount === 1 ? '0' : '1',
      previousSyncCount: String(syncCount - 1),
      schemaVersion: '1',
    },
  }
}

/** The example, in a process of its own. */
class Consumer {
  readonly lines: string[] = []
  private readonly child: ChildProcess
  private waiting: (() => void)[] = []

  constructor(kafka: KafkaCluster, database: string) {
    const env = { PATH: process.env['PATH'] ?? '', KAFKA_BROKERS: kafka.addresses.join(','), TOPIC, DATABASE: database }
    const main = fileURLToPath(new URL('consumer.js', FOLDER))
    this.child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    createInterface({ input: this.child.stderr! }).on('line', (line) => {
      this.lines.push(line)
      for (const done of this.waiting.splice(0)) done()
    })
  }

  /** Its next line, whichever. */
  async line(): Promise<void> {
    await new Promise<void>((done) => this.waiting.push(done))
  }

  /** Answers its exit code; null when a signal ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode
    this.child.kill(signal)
    await once(this.child, 'exit')
    return this.child.exitCode
  }
}

describeWithKafka('the example of a consumer, with a real Kafka', {}, (kafka: () => KafkaCluster) => {
  let folder: string
  let database: string
  let consumer: Consumer

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'satchel-consumer-'))
    database = join(folder, 'activity.db')
    await kafka().createTopic(TOPIC, { numPartitions: 3 })
  })
  afterEach(async () => {
    await consumer.end('SIGKILL')
    await kafka().deleteTopic(TOPIC)
    rmSync(folder, { recursive: true, force: true })
  })

  async function send(messages: readonly Message[]): Promise<void> {
    const config = { brokers: kafka().addresses, tls: null, sasl: null, clientId: 'test', topicPrefix: '' }
    const publisher = openKafka(config, { clock: new SystemClock(), log: () => undefined }).openPublisher()
    expect(await publisher.publish(TOPIC, messages)).toEqual({ kind: 'acknowledged' })
    publisher.close()
  }

  function counted(): readonly Record<string, unknown>[] {
    const db = new Database(database, { readonly: true })
    try {
      return db.prepare('SELECT * FROM activity').all() as Record<string, unknown>[]
    } finally {
      db.close()
    }
  }

  test(`[V77] killed ${KILLS} times, and with changes sent twice, it counts each change once`, async () => {
    const chance = new Seeded(7)
    const written: Written[] = []
    const counts = new Map<string, number>()
    const start = Date.UTC(2026, 4, 1)
    consumer = new Consumer(kafka(), database)
    for (let kill = 0; kill < KILLS; kill++) {
      const batches = Array.from({ length: 20 }, () =>
        Array.from({ length: 20 }, () => {
          const [user, dataset] = [chance.from(0, 8), chance.oneOf(['prefs', 'theme'])]
          const syncCount = (counts.get(`${user}/${dataset}`) ?? 0) + 1
          counts.set(`${user}/${dataset}`, syncCount)
          return {
            user,
            dataset,
            syncCount,
            at: start + chance.from(0, 2) * DAY_MS,
            keys: chance.from(1, 3),
          }
        }),
      )
      const killed = consumer.line().then(() => consumer.end('SIGKILL'))
      for (const batch of batches) {
        await send(batch.map((change) => messageOf(change)))
        if (chance.from(0, 2) === 0) await send(batch.map((change) => messageOf(change))) // as a relay does that got no answer
        written.push(...batch)
      }
      await killed
      consumer = new Consumer(kafka(), database)
    }
    await eventually(() => Promise.resolve(expect(counted()).toEqual(expected(written))), 60_000)
  })

  test('[V77] told to stop while it has a table to print, it ends in order', async () => {
    await send([messageOf({ user: 0, dataset: 'prefs', syncCount: 1, at: 0, keys: 1 })])
    consumer = new Consumer(kafka(), database)
    while (!consumer.lines.includes(TAKEN)) await consumer.line()
    expect(await consumer.end('SIGTERM')).toBe(0) // before the second is over after which it prints
    // It may have been given the change once more meanwhile, and says nothing else.
    expect(consumer.lines.filter((line) => !/^partition 0: \d taken, \d passed over$/.test(line))).toEqual([])
    expect(counted()).toMatchObject([{ changes: 1 }])
  })

  test('[V77] a change in front of which one is missing is not taken before that one has come', async () => {
    const changes = [1, 2, 3].map((syncCount) => ({ user: 0, dataset: 'prefs', syncCount, at: 0, keys: 1 }))
    const [first, second, third] = changes.map((change) => messageOf(change))
    await send([first!, third!])
    consumer = new Consumer(kafka(), database)
    await eventually(() => Promise.resolve(expect(consumer.lines.join()).toContain('waits for its change 2')), 60_000)
    expect(counted()).toMatchObject([{ changes: 1 }])
    await send([second!, third!])
    await eventually(() => Promise.resolve(expect(counted()).toMatchObject([{ changes: 3 }])), 60_000)
  })

  test('[V77] it counts what a running server streams: updates, a large one behind its link, and a deletion', async () => {
    await kafka().alterTopic(TOPIC, { 'max.message.bytes': '20000' })
    const server = await startServer({ settings: { SATCHEL_KAFKA_BROKERS: kafka().addresses.join(',') } })
    const pool = await aPool(server)
    const CognitoStreams = { StreamName: TOPIC, RoleArn, StreamingStatus: 'ENABLED' } as const
    await adminOf(server).sync.setIdentityPoolConfiguration({ IdentityPoolId: pool, CognitoStreams })
    consumer = new Consumer(kafka(), database)
    const { sync, ...guest } = await aGuest(server, pool)
    const path = datasetOf(guest, 'prefs')
    for (const values of [['a', 'b'], ['c'], ['large'.repeat(10_000), 'd', 'e']]) {
      const { SyncSessionToken, DatasetSyncCount } = await sync.listRecords(path)
      const RecordPatches = values.map((Value, n) => {
        return { Op: 'replace' as const, Key: `k${DatasetSyncCount}.${n}`, Value, SyncCount: 0 }
      })
      await sync.updateRecords({ ...path, SyncSessionToken, RecordPatches })
    }
    await sync.deleteDataset(path)
    const [day] = new Date().toISOString().split('T')
    const row = { day, dataset: 'prefs', changes: 4, keys: 6, identities: 1 }
    await eventually(() => Promise.resolve(expect(counted()).toEqual([row])), 60_000)
    await server.stop()
  })

  test('[V77] the records of a large change are fetched where its link leads', async () => {
    const server = createServer((_, response) => response.end(JSON.stringify([{ key: 'a' }, { key: 'b' }])))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const linked = {
      kinesisSyncRecords: undefined,
      kinesisSyncRecordsURL: `http://127.0.0.1:${port}/r`,
      payloadType: 'S3Url',
    }
    await send([messageOf({ user: 0, dataset: 'prefs', syncCount: 1, at: 0, keys: 0 }, linked)])
    consumer = new Consumer(kafka(), database)
    await eventually(() => Promise.resolve(expect(counted()).toMatchObject([{ changes: 1, keys: 2 }])), 60_000)
    server.close()
  })
})

/** What the table has to say, by a count of its own. */
function expected(written: readonly Written[]) {
  const days = [...new Set(written.map(({ at }) => at))].sort((a, b) => a - b)
  return days.flatMap((at) =>
    ['prefs', 'theme'].map((dataset) => {
      const here = written.filter((change) => change.at === at && change.dataset === dataset)
      return {
        day: new Date(at).toISOString().slice(0, 10),
        dataset,
        changes: here.length,
        keys: here.reduce((sum, { keys }) => sum + keys, 0),
        identities: new Set(here.map(({ user }) => user)).size,
      }
    }),
  )
}
