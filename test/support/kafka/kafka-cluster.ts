import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Kafka, logLevel, type Admin, type ITopicConfig } from 'kafkajs'
import { KafkaBroker } from './kafka-broker.js'
import { kafkaJars } from './kafka-jars.js'
import { sweepBrokers } from './leftover-brokers.js'
import type { BrokerPorts } from './server-properties.js'

const READ_BYTES_MAX = 512 * 1_048_576
const READ_MS_MAX = 120_000

export type ClusterOptions = Readonly<{
  /** 1 unless it is said otherwise. */
  brokers?: 1 | 3
  /** PEM file of key and certificate for the TLS listener. */
  keyFile?: string
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
  static async start({ brokers: count = 1, keyFile }: ClusterOptions = {}): Promise<KafkaCluster> {
    sweepBrokers()
    const jars = await kafkaJars()
    const folder = mkdtempSync(join(tmpdir(), 'satchel-kafka-'))
    const clusterId = randomBytes(16).toString('base64url')
    const ports = await freePorts(count)
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
    const args = ['-b', this.addresses.join(','), '-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-J']
    const { stdout } = await promisify(execFile)('kcat', args, { maxBuffer: READ_BYTES_MAX, timeout: READ_MS_MAX })
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => messageOf(JSON.parse(line) as KcatMessage))
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
async function freePorts(brokers: number): Promise<readonly BrokerPorts[]> {
  const probes = await Promise.all(Array.from({ length: 4 * brokers }, listenAnywhere))
  const ports = probes.map((probe) => (probe.address() as AddressInfo).port)
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))))
  return Array.from({ length: brokers }, (_, at) => {
    const [plain, controller, login, tls] = ports.slice(4 * at) as [number, number, number, number]
    return { plain, controller, login, tls }
  })
}

const listenAnywhere = () =>
  new Promise<ReturnType<typeof createServer>>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => resolve(probe))
  })
