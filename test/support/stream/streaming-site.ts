import { adminOf, aGuest, aPool, type Reached, type Somebody } from '../a-pool.js'
import { eventually } from '../eventually.js'
import { exchange } from '../http-exchange.js'
import type { KafkaCluster } from '../kafka/kafka-cluster.js'
import { runSatchel } from '../run-satchel.js'
import type { Seeded } from '../seeded.js'
import type { RunningServer } from '../start-server.js'
import { DatasetWriter, type Address, type WriterOptions } from './dataset-writer.js'
import { onSqlite, type OpenGround, type Settings, type StreamingGround } from './streaming-ground.js'

const TOPIC_PREFIX = 'site.'
const RoleArn = 'arn:aws:iam::000000000000:role/streams'

const SHARDS = 8

/** The lease of a relay that was killed lasts up to ten seconds. */
const RELAYING_MS_MAX = 40_000

/** What the auditor counts that must be none. */
export const FAULTLESS = { code: 0, faulty: 0, skipped: 0, healed: 0, unjudged: 0 } as const

/** A real server, or several that are one site, whose pools stream to a real Kafka, over all their lives, and its writers. */
export class StreamingSite implements Address {
  readonly writers: DatasetWriter[] = []
  private running: Promise<void>[] = []
  /** Whose turn it is to be disturbed. */
  private turn = 0

  private constructor(
    private readonly kafka: KafkaCluster,
    private readonly ground: StreamingGround,
  ) {}

  static async start(
    kafka: KafkaCluster,
    settings: Settings = {},
    open: OpenGround = onSqlite,
  ): Promise<StreamingSite> {
    const ground = await open({
      SATCHEL_KAFKA_BROKERS: kafka.addresses.join(','),
      SATCHEL_KAFKA_TOPIC_PREFIX: TOPIC_PREFIX,
      SATCHEL_LOG_LEVEL: 'warn',
      ...settings,
    })
    return new StreamingSite(kafka, ground)
  }

  /** As clients know it. */
  get reached(): Reached {
    return this.ground.reached
  }

  get url(): string {
    return this.reached.url
  }

  /** Its servers. */
  get nodes(): readonly RunningServer[] {
    return this.ground.nodes
  }

  /** Makes a pool that streams to a topic of this name, which is made too. */
  async aStreamingPool(stream: string, shape: Parameters<KafkaCluster['createTopic']>[1] = {}): Promise<string> {
    await this.kafka.createTopic(this.topic(stream), { numPartitions: 4, ...shape })
    const pool = await aPool(this.reached)
    await this.enable(pool, stream)
    return pool
  }

  async enable(pool: string, StreamName: string): Promise<void> {
    const CognitoStreams = { StreamName, RoleArn, StreamingStatus: 'ENABLED' } as const
    await adminOf(this.reached).sync.setIdentityPoolConfiguration({ IdentityPoolId: pool, CognitoStreams })
  }

  topic(stream: string): string {
    return TOPIC_PREFIX + stream
  }

  aGuest(pool: string): Promise<Somebody> {
    return aGuest(this.reached, pool)
  }

  /** Begins to write, as somebody, to a dataset that nobody else writes to. */
  write(
    { pool, identity, credentials }: Somebody,
    over: Pick<WriterOptions, 'dataset' | 'restMs' | 'value' | 'deletes'> & Readonly<{ chance: Seeded }>,
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

  /** SIGKILL for a server, each in its turn, and a new process on what is left. */
  async killed(): Promise<void> {
    const place = this.turn++ % this.nodes.length
    await this.nodes[place]!.kill()
    await this.startedAgain(place)
  }

  /**
   * SIGKILL for a server that has sent changes and was told nothing of them, since the broker stands still for that moment. The broker has them, so
   * they come once more. Needs somebody who writes, and a broker that nobody else disturbs.
   */
  async killedWhileSending(): Promise<void> {
    const { broker } = this.kafka
    const published = () => Promise.all(this.nodes.map((node) => metricOf(node, 'satchel_stream_published_total')))
    const before = await published()
    // Then each of them has a connection on which it only has to send.
    await eventually(async () => {
      const now = await published()
      expect(now.every((rows, place) => rows > before[place]!)).toBe(true)
    }, RELAYING_MS_MAX)
    broker.pause()
    try {
      const place = await eventually(() => this.placeThatSends(), RELAYING_MS_MAX)
      await this.nodes[place]!.kill()
      broker.resume()
      await this.startedAgain(place)
    } finally {
      broker.resume()
    }
  }

  private async placeThatSends(): Promise<number> {
    const sending = await Promise.all(this.nodes.map((node) => metricOf(node, 'satchel_stream_sending_rows')))
    const place = sending.findIndex((rows) => rows > 0)
    if (place < 0) throw new Error('no server waits for an acknowledgement')
    return place
  }

  /** A new process in the place of one that has ended; resolves once it is ready. */
  startedAgain(place: number): Promise<void> {
    return this.ground.startedAgain(place)
  }

  /** SIGSTOP for a server, each in its turn, for a while. */
  async stopped(ms: number): Promise<void> {
    const { process } = this.nodes[this.turn++ % this.nodes.length]!
    process.signal('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, ms))
    process.signal('SIGCONT')
  }

  /** Until its servers have the leases of all shards again. */
  relaying(): Promise<void> {
    return eventually(async () => expect(await this.metric('satchel_stream_shards_held')).toBe(SHARDS), RELAYING_MS_MAX)
  }

  /** Of all its servers together. */
  async metric(name: string): Promise<number> {
    const values = await Promise.all(this.nodes.map((node) => metricOf(node, name)))
    return values.reduce((sum, value) => sum + value, 0)
  }

  /** What the database answers to a question for a number, in which each `?` stands for a value. */
  count(question: string, ...values: readonly (string | number)[]): Promise<number> {
    return this.ground.count(question, values)
  }

  /** Changes that are not marked as published, as the database has it. */
  waiting(stream = '%'): Promise<number> {
    return this.count('SELECT count(*) FROM outbox_unpublished WHERE stream_name LIKE ?', stream)
  }

  /** Everything that was accepted is published and marked. */
  drained(withinMs: number, stream?: string): Promise<void> {
    return eventually(async () => expect(await this.waiting(stream)).toBe(0), withinMs)
  }

  /** Everything that was accepted by now is published, while more is written. */
  async keepsUp(withinMs: number, stream = '%'): Promise<void> {
    const newest = await this.count('SELECT coalesce(max(seq), 0) FROM outbox')
    const older = 'SELECT count(*) FROM outbox_unpublished WHERE stream_name LIKE ? AND seq <= ?'
    await eventually(async () => expect(await this.count(older, stream, newest)).toBe(0), withinMs)
  }

  /** What `satchel audit-stream` counts for a stream, with its exit code; throws what it says when it could not look. */
  async audit(stream: string): Promise<Readonly<Record<string, number>>> {
    const settings = {
      SATCHEL_KAFKA_BROKERS: this.kafka.addresses.join(','),
      SATCHEL_KAFKA_TOPIC_PREFIX: TOPIC_PREFIX,
      ...this.ground.storeSettings,
    }
    const { code, stdout, stderr } = await runSatchel(['audit-stream', '--stream', stream, '--json'], settings)
    if (code !== 0 && code !== 1) throw new Error(stderr)
    return { code, ...(JSON.parse(stdout) as { counts: Record<string, number> }).counts }
  }

  /** Ends everything and removes what was stored. */
  async end(): Promise<void> {
    for (const writer of this.writers) writer.stop()
    for (const { process } of this.nodes) process.signal('SIGCONT')
    await this.ground.end()
    await Promise.allSettled(this.running)
  }
}

export async function metricOf({ url }: Address, name: string): Promise<number> {
  const { text } = await exchange(url, { target: '/metrics' })
  const found = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(text)
  if (found === null) throw new Error(`there is no metric ${name}`)
  return Number(found[1])
}
