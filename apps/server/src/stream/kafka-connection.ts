import type { Kafka, KafkaConfig as ClientOptions, logCreator as LogCreator, SASLOptions } from 'kafkajs'
import type { KafkaConfig } from '../config/kafka-config.js'
import { KafkaSockets } from './kafka-sockets.js'

/** Takes what the client library says: facts without a stack or a value, and a sentence. */
export type KafkaLog = (facts: Readonly<Record<string, string>>, message: string) => void

export const CONNECT_MS_MAX = 3_000

/** Every field is given, since the library's defaults change with NODE_ENV. We do the trying again ourselves. */
const NEVER_AGAIN = { retries: 0, initialRetryTime: 100, maxRetryTime: 1_000, factor: 0.2, multiplier: 2 } as const

/** Connections to one Kafka; each begins with another broker than the one before (V45). */
export class KafkaConnections {
  private opened = 0

  constructor(
    private readonly config: KafkaConfig,
    private readonly log: KafkaLog,
  ) {}

  /** How many connections it takes to have begun with each of the brokers that were named. */
  get count(): number {
    return this.config.brokers.length
  }

  /** Nothing is opened yet. `requestMsMax` bounds the wait for each single answer. */
  next(requestMsMax: number): KafkaConnection {
    const first = this.opened++ % this.config.brokers.length
    const { brokers } = this.config
    const rotated = [...brokers.slice(first), ...brokers.slice(0, first)]
    return new KafkaConnection({ ...this.config, brokers: rotated }, requestMsMax, this.log)
  }
}

/** One client of Kafka, which never tries anything twice. */
export class KafkaConnection {
  private readonly sockets = new KafkaSockets()

  constructor(
    private readonly config: KafkaConfig,
    private readonly requestMsMax: number,
    private readonly log: KafkaLog,
  ) {}

  /** The client library, loaded when it is first needed: a server without a change stream starts without it (V49). */
  async client(): Promise<Kafka> {
    const { Kafka, logLevel } = await import('kafkajs')
    return new Kafka({
      ...clientOptions(this.config),
      connectionTimeout: CONNECT_MS_MAX,
      requestTimeout: this.requestMsMax,
      retry: NEVER_AGAIN,
      socketFactory: this.sockets.open,
      logLevel: logLevel.INFO,
      logCreator: logInto(this.log),
    })
  }

  /** In the order in which they are tried. */
  get brokers(): readonly string[] {
    return this.config.brokers
  }

  /** Ends all its sockets at once. */
  close(): void {
    this.sockets.end()
  }
}

/** Where to, as whom and how encrypted. The login is a fresh object each time: the library writes into it. */
export function clientOptions({ brokers, clientId, tls, sasl }: KafkaConfig): ClientOptions {
  return {
    // As a function: the library shuffles nothing then, and asks again for each connection that it begins anew.
    brokers: () => Promise.resolve([...brokers]),
    clientId,
    ...(tls === null ? {} : { ssl: tls.ca === null ? {} : { ca: [tls.ca] } }),
    ...(sasl === null ? {} : { sasl: { ...sasl } satisfies SASLOptions as SASLOptions }),
  }
}

const logInto =
  (log: KafkaLog): LogCreator =>
  () =>
  ({ namespace, log: entry }) => {
    const broker: unknown = entry['broker']
    log({ part: namespace, ...(typeof broker === 'string' ? { broker } : {}) }, entry.message)
  }
