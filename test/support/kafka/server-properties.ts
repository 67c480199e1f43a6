/** The ports of one broker, all on 127.0.0.1. */
export type BrokerPorts = Readonly<{
  /** Without login and encryption: what most tests use. */
  plain: number
  controller: number
  /** With login. */
  login: number
  /** With TLS. */
  tls: number
}>

export type BrokerFacts = Readonly<{
  id: number
  folder: string
  ports: BrokerPorts
  /** Of all brokers, in the order of their ids. */
  controllers: readonly number[]
  /** PEM file of key and certificate; no TLS without one. */
  keyFile: string | null
}>

/** Who may log in, by each of the three mechanisms. */
export const KAFKA_USER = { username: 'app', password: 'app-secret' } as const

/** The settings of a small broker that is its own controller, alone or one of three. */
export function serverProperties({ id, folder, ports, controllers, keyFile }: BrokerFacts): string {
  const three = controllers.length > 1
  const listeners = [
    `PLAINTEXT://127.0.0.1:${ports.plain}`,
    `LOGIN://127.0.0.1:${ports.login}`,
    ...(keyFile === null ? [] : [`TLS://127.0.0.1:${ports.tls}`]),
  ].join(',')
  return [
    'process.roles=broker,controller',
    `node.id=${id}`,
    `controller.quorum.voters=${controllers.map((port, at) => `${at + 1}@127.0.0.1:${port}`).join(',')}`,
    `listeners=${listeners},CONTROLLER://127.0.0.1:${ports.controller}`,
    `advertised.listeners=${listeners}`,
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_PLAINTEXT,TLS:SSL',
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=PLAINTEXT',
    `log.dirs=${folder}/data`,
    'auto.create.topics.enable=false',
    `offsets.topic.replication.factor=${three ? 3 : 1}`,
    'offsets.topic.num.partitions=4',
    `transaction.state.log.replication.factor=${three ? 3 : 1}`,
    `transaction.state.log.min.isr=${three ? 2 : 1}`,
    'transaction.state.log.num.partitions=4',
    'group.initial.rebalance.delay.ms=0',
    // Its default is taken at start, and is as much as all of the heap.
    'log.cleaner.dedupe.buffer.size=4194304',
    // How long a killed broker's registration lasts.
    `broker.session.timeout.ms=${three ? 3000 : 1500}`,
    `broker.heartbeat.interval.ms=${three ? 500 : 300}`,
    ...LOGINS,
    ...ACCESS,
    ...(keyFile === null ? [] : tls(keyFile)),
    '',
  ].join('\n')
}

const LOGINS = [
  'listener.name.login.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
  `listener.name.login.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_${KAFKA_USER.username}="${KAFKA_USER.password}";`,
  ...['scram-sha-256', 'scram-sha-512'].map(
    (name) =>
      `listener.name.login.${name}.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;`,
  ),
]

/** Who did not log in may do everything, and so may others until a test says otherwise. */
const ACCESS = [
  'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users=User:ANONYMOUS',
  'allow.everyone.if.no.acl.found=true',
]

const tls = (keyFile: string): string[] => [
  'listener.name.tls.ssl.keystore.type=PEM',
  `listener.name.tls.ssl.keystore.location=${keyFile}`,
]
