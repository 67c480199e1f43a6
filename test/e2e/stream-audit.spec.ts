import Database from 'better-sqlite3'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { aGuest, aPool, adminOf, datasetOf, withCredentials, type Somebody } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { describeWithKafka } from '../support/kafka/describe-with-kafka.js'
import type { KafkaCluster } from '../support/kafka/kafka-cluster.js'
import { runSatchel, type Ran } from '../support/run-satchel.js'
import { SERVER_MAIN, startServer, type RunningServer } from '../support/start-server.js'

const PREFIX = 'site.'
const DRAINED_MS_MAX = 60_000
const RoleArn = 'arn:aws:iam::000000000000:role/streams'

describeWithKafka('auditing the stream of a running server, with a real Kafka', {}, (kafka: () => KafkaCluster) => {
  let server: RunningServer
  let stream: string
  let guest: Somebody
  let streams = 0

  const settings = () => ({ SATCHEL_KAFKA_BROKERS: kafka().addresses.join(','), SATCHEL_KAFKA_TOPIC_PREFIX: PREFIX })

  beforeAll(async () => {
    server = await startServer({ settings: settings() })
  }, 60_000)
  afterAll(() => server.stop())

  beforeEach(async () => {
    stream = `audited-${++streams}`
    await aTopic()
    const pool = await aPool(server)
    await streamTo(stream, pool)
    guest = await aGuest(server, pool)
  })

  const aTopic = (name = stream) => kafka().createTopic(PREFIX + name, { numPartitions: 3 })

  async function streamTo(name: string, pool = guest.pool): Promise<void> {
    const CognitoStreams = { StreamName: name, RoleArn, StreamingStatus: 'ENABLED' } as const
    await adminOf(server).sync.setIdentityPoolConfiguration({ IdentityPoolId: pool, CognitoStreams })
  }

  /** Accepted changes of one dataset, one after another. */
  async function write(count: number, dataset = 'prefs', somebody = guest): Promise<void> {
    const path = datasetOf(somebody, dataset)
    for (let n = 0; n < count; n++) {
      const { SyncSessionToken, DatasetSyncCount = 0 } = await somebody.sync.listRecords(path)
      const RecordPatches = [{ Op: 'replace' as const, Key: `k${DatasetSyncCount}`, Value: 'v', SyncCount: 0 }]
      await somebody.sync.updateRecords({ ...path, SyncSessionToken, RecordPatches })
    }
  }

  /** Its data stays. */
  async function stopped(): Promise<void> {
    server.process.signal('SIGTERM')
    await server.process.end()
  }

  const database = <T>(work: (db: Database.Database) => T): T => {
    const db = new Database(join(server.dataDir, 'satchel.db'), { timeout: 10_000 })
    try {
      return work(db)
    } finally {
      db.close()
    }
  }

  const waiting = () =>
    database((db) => db.prepare('SELECT count(*) FROM outbox_unpublished WHERE stream_name = ?').pluck().get(stream))

  /** Everything that was written is published. */
  const drained = () => eventually(() => Promise.resolve(expect(waiting()).toBe(0)), DRAINED_MS_MAX)

  const audit = (...args: readonly string[]): Promise<Ran> =>
    runSatchel(['audit-stream', ...args], { ...settings(), SATCHEL_DATA_DIR: server.dataDir })

  const counts = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await audit('--stream', stream, '--json', ...args)
    if (code === 2) throw new Error(stderr)
    return { code, ...(JSON.parse(stdout) as { counts: Record<string, number> }).counts }
  }

  test('[V71, V75] a stream at which nothing is wrong is fine, while the server goes on writing too', async () => {
    const other = await aGuest(server, guest.pool)
    await Promise.all([write(6), write(4, 'theme', other)])
    await drained()
    const { code, stdout } = await audit('--stream', stream)
    expect(stdout).toContain(`  ${stream}: 10 messages\n`)
    expect(stdout).toMatch(/Nothing is missing, nothing is out of order\.\n$/)
    expect(code).toBe(0)

    const [during] = await Promise.all([counts(), write(30), write(30, 'theme', other)])
    expect(during).toMatchObject({ code: 0, faulty: 0, datasets: 2 })
    await drained()
    expect(await counts()).toMatchObject({ code: 0, changes: 70 })
  })

  test('[V71] a planted fault is found: a row deleted from the outbox before it was published', async () => {
    await write(4)
    await drained()
    // A broker that is paused would still take what is sent to it, and a relay that lives on still hold what it has read.
    await kafka().broker.kill()
    await write(1)
    await server.kill()
    const deleted = database((db) =>
      db.transaction(() => {
        const seq = db
          .prepare('SELECT seq FROM outbox WHERE aggregateid = ? AND sync_count = 5')
          .pluck()
          .get(guest.identity)
        const { changes } = db.prepare('DELETE FROM outbox_unpublished WHERE seq = ?').run(seq)
        return changes + db.prepare('DELETE FROM outbox WHERE seq = ?').run(seq).changes
      })(),
    )
    await kafka().broker.start()
    server = await server.restart()
    guest = await withCredentials(server, guest)
    expect(deleted).toBe(2)
    const last = await audit('--stream', stream)
    expect(last.stdout).toContain(`${guest.identity}/prefs  (pool ${guest.pool}, stream ${stream})`)
    expect(last.stdout).toContain('lost: count 5 of epoch 1 is not in the change log either')
    expect(last.code).toBe(1)

    await write(2)
    await drained()
    const behind = await audit('--stream', stream, '--repair')
    expect(behind.stdout).toContain('missing: the change after count 4 of epoch 1 is not in the topic')
    expect(behind.stdout).toContain('lost: count 5 of epoch 1 is not in the change log either')
    expect(behind.code).toBe(1)
  })

  test('[V73] a topic that was made anew gets everything back', async () => {
    await Promise.all([write(5), write(5, 'theme')])
    await drained()
    await kafka().deleteTopic(PREFIX + stream)
    expect((await audit('--stream', stream)).stdout).toContain(`${stream}: there is no such topic`)
    await aTopic()
    expect(await counts()).toMatchObject({ code: 1, faulty: 2 })
    expect(await counts('--repair')).toMatchObject({ code: 0, faulty: 0, changes: 10, repeated: 0 })
    expect(await kafka().read(PREFIX + stream)).toHaveLength(10)
    await write(1)
    await drained()
    expect(await counts()).toMatchObject({ code: 0, changes: 11 })
  })

  test('[V72, V73] a topic whose beginning was removed is not judged there, unless it is asked for, and then mended', async () => {
    await write(6)
    await drained()
    const partition = (await kafka().read(PREFIX + stream))[0]!.partition
    await kafka().administer(async (admin) => {
      await admin.fetchTopicOffsets(PREFIX + stream) // the library deletes only from topics it has looked at
      await admin.deleteTopicRecords({ topic: PREFIX + stream, partitions: [{ partition, offset: '4' }] })
    })
    expect(await counts()).toMatchObject({ code: 0, changes: 2, unjudged: 1 })
    expect(await counts('--whole-topics')).toMatchObject({ code: 1, faulty: 1 })
    expect(await counts('--whole-topics', '--repair')).toMatchObject({ code: 0, changes: 6, healed: 1 })
  })

  test('[V74] one dataset is replayed from a count on', async () => {
    await Promise.all([write(5), write(2, 'theme')])
    await drained()
    const before = await kafka().read(PREFIX + stream)
    const { code, stdout } = await audit('--replay', `${guest.identity}/prefs`, '--from', '3')
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Published 3 changes again, from count 3 on.\n' })
    const after = await kafka().read(PREFIX + stream)
    const again = after.filter(({ offset, partition }) =>
      before.every((known) => known.partition !== partition || known.offset !== offset),
    )
    expect(again.map(({ headers }) => headers['id'])).toEqual([3, 4, 5].map((n) => `${guest.identity}/prefs/1/${n}`))
    expect(await counts()).toMatchObject({ code: 0, changes: 7, repeated: 3, uncompared: 0 })
  })

  test('[V75] a broker that does not answer is a sentence and exit code 2', async () => {
    await write(1)
    await drained()
    const nobody = { ...settings(), SATCHEL_KAFKA_BROKERS: '127.0.0.1:1', SATCHEL_DATA_DIR: server.dataDir }
    const { code, stdout, stderr } = await runSatchel(['audit-stream', '--stream', stream], nobody)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^the stream could not be audited: the topic site\.\S+ cannot be looked at: /)
  })

  test('[V71] a stream that went to another topic and came back is fine in both', async () => {
    const other = `${stream}-too`
    await aTopic(other)
    await write(3)
    await streamTo(other)
    await write(2)
    await streamTo(stream)
    await write(2)
    await drained()
    await eventually(async () => expect(await kafka().read(PREFIX + other)).toHaveLength(2), DRAINED_MS_MAX)
    expect(await counts('--pool', guest.pool)).toMatchObject({ code: 0, datasets: 1, changes: 5, skipped: 2 })
    const there = await audit('--stream', other)
    expect(there.stdout).toContain(`  ${other}: 2 messages\n`)
    expect(there.code).toBe(0)
  })

  // Every dataset of the server gets another epoch: whatever relies on the first has to come before.
  test('[V2, V71] after a backup was put back the topic is whole, the first change names the one in the backup, and no event id comes twice', async () => {
    await write(3)
    await drained()
    await stopped()
    const backup = mkdtempSync(join(tmpdir(), 'satchel-backup-'))
    cpSync(server.dataDir, backup, { recursive: true })
    server = await server.restart()
    guest = await withCredentials(server, guest)
    await write(3)
    await drained()
    await stopped()
    rmSync(server.dataDir, { recursive: true })
    cpSync(backup, server.dataDir, { recursive: true })
    rmSync(backup, { recursive: true })
    const env = { PATH: process.env['PATH'], SATCHEL_DATA_DIR: server.dataDir }
    await promisify(execFile)(process.execPath, [SERVER_MAIN, '--new-epoch'], { env })
    server = await server.restart()
    guest = await withCredentials(server, guest)
    await write(2)
    await drained()
    expect(await counts()).toMatchObject({ code: 0, changes: 8, repeated: 0 })
    const headers = (await kafka().read(PREFIX + stream)).map((message) => message.headers)
    const epoch = headers.at(-1)!['epoch']
    expect(headers.map((told) => [told['epoch'], told['previousEpoch'], told['previousSyncCount']])).toEqual([
      ...['0', '1', '1', '1', '1', '1'].map((previous, count) => ['1', previous, String(count)]),
      [epoch, '1', '3'],
      [epoch, epoch, '4'],
    ])
    expect(new Set(headers.map(({ id }) => id)).size).toBe(8)
  })
})
