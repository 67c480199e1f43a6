import Database from 'better-sqlite3'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adminOf, aGuest, aPool, type Somebody } from '../a-pool.js'
import { eventually } from '../eventually.js'
import { exchange } from '../http-exchange.js'
import type { KafkaCluster } from '../kafka/kafka-cluster.js'
import { runSatchel } from '../run-satchel.js'
import type { Seeded } from '../seeded.js'
import { startServer, type RunningServer, type StartOptions } from '../start-server.js'
import { DatasetWriter, type Address, type WriterOptions } from './dataset-writer.js'

const TOPIC_PREFIX = 'site.'
const RoleArn = 'arn:aws:iam::000000000000:role/streams'

/** The lease of a relay that was killed lasts up to ten seconds. */
const RELAYING_MS_MAX = 40_000

/** What the auditor counts that must be none. */
export const FAULTLESS = { code: 0, faulty: 0, skipped: 0, healed: 0, unjudged: 0 } as const

/** A real server whose pools stream to a real Kafka, over all its lives, and its writers. */
export class StreamingSite implements Address {
  readonly writers: DatasetWriter[] = []
  private running: Promise<void>[] = []

  private constructor(
    private readonly kafka: KafkaCluster,
    public server: RunningServer,
  ) {}

  static async start(kafka: KafkaCluster, settings: StartOptions['settings'] = {}): Promise<StreamingSite> {
    const server = await startServer({
      dataDir: mkdtempSync(join(tmpdir(), 'satchel-streaming-')),
      settings: {
        SATCHEL_KAFKA_BROKERS: kafka.addresses.join(','),
        SATCHEL_KAFKA_TOPIC_PREFIX: TOPIC_PREFIX,
        SATCHEL_LOG_LEVEL: 'warn',
        ...settings,
      },
    })
    return new StreamingSite(kafka, server)
  }

  get url(): string {
    return this.server.url
  }

  /** Makes a pool that streams to a topic of this name, which is made too. */
  async aStreamingPool(stream: string, shape: Parameters<KafkaCluster['createTopic']>[1] = {}): Promise<string> {
    await this.kafka.createTopic(this.topic(stream), { numPartitions: 4, ...shape })
    const pool = await aPool(this.server)
    await this.enable(pool, stream)
    return pool
  }

  async enable(pool: string, StreamName: string): Promise<void> {
    const CognitoStreams = { StreamName, RoleArn, StreamingStatus: 'ENABLED' } as const
    await adminOf(this.server).sync.setIdentityPoolConfiguration({ IdentityPoolId: pool, CognitoStreams })
  }

  topic(stream: string): string {
    return TOPIC_PREFIX + stream
  }

  aGuest(pool: string): Promise<Somebody> {
    return aGuest(this.server, pool)
  }

  /** Begins to write, as somebody, to a dataset that nobody else writes to. */
  write(
    { pool, identity, credentials }: Somebody,
    over: Pick<WriterOptions, 'dataset' | 'restMs' | 'value'> & Readonly<{ chance: Seeded }>,
  ): DatasetWriter {
    const writer = new DatasetWriter(this, { pool, identity, credentials, ...over })
    this.writers.push(writer)
    const run = writer.run()
    run.catch(() => undefined) // told by writersDone
    this.running.push(run)
    return writer
  }

  /** Changes that were accepted. */
  get acknowledged(): number {
    return this.writers.reduce((sum, { answeredAt }) => sum + answeredAt.length, 0)
  }

  /** Stops all writers; rejects if one of them was refused what it should have been given. */
  async writersDone(): Promise<void> {
    for (const writer of this.writers) writer.stop()
    await Promise.all(this.running.splice(0))
  }

  /** SIGKILL, and a new process on what is left. */
  async killed(): Promise<void> {
    await this.server.kill()
    this.server = await this.server.restart()
  }

  /** SIGSTOP for a while. */
  async stopped(ms: number): Promise<void> {
    this.server.process.signal('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, ms))
    this.server.process.signal('SIGCONT')
  }

  /** Until it has the leases of all shards again. */
  relaying(): Promise<void> {
    return eventually(async () => expect(await this.metric('satchel_stream_shards_held')).toBe(8), RELAYING_MS_MAX)
  }

  async metric(name: string): Promise<number> {
    const { text } = await exchange(this.url, { target: '/metrics' })
    const found = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(text)
    if (found === null) throw new Error(`there is no metric ${name}`)
    return Number(found[1])
  }

  /** Changes that are not marked as published, as the database has it. */
  waiting(stream = '%'): number {
    return this.count('SELECT count(*) FROM outbox_unpublished WHERE stream_name LIKE ?', stream)
  }

  /** Everything that was accepted is published and marked. */
  drained(withinMs: number, stream?: string): Promise<void> {
    return eventually(() => Promise.resolve(expect(this.waiting(stream)).toBe(0)), withinMs)
  }

  /** Everything that was accepted by now is published, while more is written. */
  async keepsUp(withinMs: number, stream = '%'): Promise<void> {
    const newest = this.count('SELECT coalesce(max(seq), 0) FROM outbox')
    const older = 'SELECT count(*) FROM outbox_unpublished WHERE stream_name LIKE ? AND seq <= ?'
    await eventually(() => Promise.resolve(expect(this.count(older, stream, newest)).toBe(0)), withinMs)
  }

  private count(question: string, ...values: readonly (string | number)[]): number {
    const db = new Database(join(this.server.dataDir, 'satchel.db'), { readonly: true, timeout: 10_000 })
    try {
      return Number(
        db
          .prepare(question)
          .pluck()
          .get(...values),
      )
    } finally {
      db.close()
    }
  }

  /** What `satchel audit-stream` counts for a stream, with its exit code; throws what it says when it could not look. */
  async audit(stream: string): Promise<Readonly<Record<string, number>>> {
    const settings = {
      SATCHEL_KAFKA_BROKERS: this.kafka.addresses.join(','),
      SATCHEL_KAFKA_TOPIC_PREFIX: TOPIC_PREFIX,
      SATCHEL_DATA_DIR: this.server.dataDir,
    }
    const { code, stdout, stderr } = await runSatchel(['audit-stream', '--stream', stream, '--json'], settings)
    if (code !== 0 && code !== 1) throw new Error(stderr)
    return { code, ...(JSON.parse(stdout) as { counts: Record<string, number> }).counts }
  }

  /** Ends everything and removes what was stored. */
  async end(): Promise<void> {
    for (const writer of this.writers) writer.stop()
    this.server.process.signal('SIGCONT')
    await this.server.kill()
    await Promise.allSettled(this.running)
    rmSync(this.server.dataDir, { recursive: true, force: true })
  }
}
