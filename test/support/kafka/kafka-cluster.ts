import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Kafka, logLevel, type Admin, type ITopicConfig } from 'kafkajs'
import { KafkaBroker } from './kafka-broker.js'
import { kafkaJars } from './kafka-jars.js'
import { sweepBrokers } from './leftover-brokers.js'
import type { BrokerPorts } from './server-properties.js'

const READ_MS_MAX = 120_000

export type ClusterOptions = Readonly<{
  /** 1 unless it is said otherwise. */
  brokers?: 1 | 3
  /** PEM file of key and certificate for the TLS listener. */
  keyFile?: string
  /** Ports of proxies, for each of which there is a listener that clients are sent to through it; of a single broker only. */
  proxies?: readonly number[]
}>

/** What stands in a topic. */
export type StoredMessage = Readonly<{
  partition: number
  offset: number
  key: string | null
  value: string | null
  headers: Readonly<Record<string, string>>
}>

/** A real Kafka of one broker or three, and what tests do with its topics. */
export class KafkaCluster {
  private constructor(
    readonly brokers: readonly KafkaBroker[],
    private readonly folder: string,
  ) {}

  /** Resolves once all brokers take connections. */
  static async start({ brokers: count = 1, keyFile, proxies = [] }: ClusterOptions = {}): Promise<KafkaCluster> {
    sweepBrokers()
    const jars = await kafkaJars()
    const folder = mkdtempSync(join(tmpdir(), 'satchel-kafka-'))
    const id = randomBytes(16)
    id[0]! &= 0x7f // or it may begin with a hyphen, which Kafka's tool takes for an option
    const clusterId = id.toString('base64url')
    const ports = await freePorts(count, proxies)
    const prepared = ports.map((own, at) =>
      KafkaBroker.prepare({
        id: at + 1,
        folder: join(folder, String(at + 1)),
        ports: own,
        controllers: ports.map(({ controller }) => controller),
        keyFile: keyFile ?? null,
        jars,
        clusterId,
      }),
    )
    const cluster = new KafkaCluster(await Promise.all(prepared), folder)
    try {
      await Promise.all(cluster.brokers.map((broker) => broker.start()))
    } catch (fault) {
      await cluster.end()
      throw fault
    }
    return cluster
  }

  /** The first broker: the only one, unless three were asked for. */
  get broker(): KafkaBroker {
    return this.brokers[0]!
  }

  get addresses(): readonly string[] {
    return this.brokers.map(({ address }) => address)
  }

  /** Kills every broker and removes what they stored. */
  async end(): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.kill()))
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  /** Resolves once the topic can be written to. */
  async createTopic(topic: string, { configs = {}, ...shape }: TopicShape = {}): Promise<void> {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    await this.administer((admin) => admin.createTopics({ topics: [{ topic, ...shape, configEntries }] }))
  }

  /** Replaces the topic's own settings. */
  async alterTopic(topic: string, configs: Readonly<Record<string, string>>): Promise<void> {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    const resources = [{ type: 2, name: topic, configEntries }]
    await this.administer((admin) => admin.alterConfigs({ validateOnly: false, resources }))
  }

  async addPartitions(topic: string, count: number): Promise<void> {
    await this.administer((admin) => admin.createPartitions({ topicPartitions: [{ topic, count }] }))
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.administer((admin) => admin.deleteTopics({ topics: [topic] }))
  }

  /** What only an administrator may; anything that has no method of its own here. */
  async administer<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = new Kafka({ brokers: [...this.addresses], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    try {
      return await work(admin)
    } finally {
      await admin.disconnect()
    }
  }

  /** All that is in the topic up to its end now, each partition in its order; read by kcat, not by the library that wrote it. */
  async read(topic: string): Promise<readonly StoredMessage[]> {
    const messages: StoredMessage[] = []
    await this.readEach(topic, (message) => messages.push(message))
    return messages
  }

  /** Tells of each message of the topic, from its beginning on, as it comes; until the answer is called. */
  follow(topic: string, take: (message: StoredMessage) => void): () => void {
    const args = ['-b', this.addresses.join(','), '-C', '-t', topic, '-o', 'beginning', '-q', '-u', '-J']
    const child = spawn('kcat', args, { stdio: ['ignore', 'pipe', 'ignore'] })
    createInterface({ input: child.stdout, crlfDelay: Infinity }).on('line', (line) => {
      if (line !== '') take(messageOf(JSON.parse(line) as KcatMessage))
    })
    return () => void child.kill('SIGKILL')
  }

  /** The same one by one, for topics that are too large to be held. */
  async readEach(topic: string, take: (message: StoredMessage) => void): Promise<void> {
    const args = ['-b', this.addresses.join(','), '-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-J']
    const child = spawn('kcat', args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: READ_MS_MAX })
    const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
    let said = ''
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
    for await (const line of createInterface({ input: child.stdout, crlfDelay: Infinity })) {
      if (line !== '') take(messageOf(JSON.parse(line) as KcatMessage))
    }
    const code = await ended
    if (code !== 0) throw new Error(`kcat ended with ${code ?? 'a signal'} reading ${topic}: ${said}`)
  }
}

/** Of a topic to be created; one partition unless it is said otherwise. */
export type TopicShape = Readonly<{ configs?: Readonly<Record<string, string>> }> &
  Pick<ITopicConfig, 'numPartitions' | 'replicationFactor' | 'replicaAssignment'>

type KcatMessage = Readonly<{
  partition: number
  offset: number
  key: string | null
  payload: string | null
  headers?: readonly string[]
}>

function messageOf({ partition, offset, key, payload, headers = [] }: KcatMessage): StoredMessage {
  const pairs = headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]!] as const] : []))
  return { partition, offset, key, value: payload, headers: Object.fromEntries(pairs) }
}

/** All held at once before any is let go, so that they differ. */
async function freePorts(brokers: number, proxies: readonly number[]): Promise<readonly BrokerPorts[]> {
  const each = 4 + proxies.length
  const probes = await Promise.all(Array.from({ length: each * brokers }, listenAnywhere))
  const ports = probes.map((probe) => (probe.address() as AddressInfo).port)
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))))
  return Array.from({ length: brokers }, (_, at) => {
    const [plain, controller, login, tls, ...behind] = ports.slice(each * at, each * (at + 1)) as FirstPorts
    return { plain, controller, login, tls, behind: behind.map((own, nth) => ({ own, proxy: proxies[nth]! })) }
  })
}

type FirstPorts = [number, number, number, number, ...number[]]

const listenAnywhere = () =>
  new Promise<ReturnType<typeof createServer>>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => resolve(probe))
  })
