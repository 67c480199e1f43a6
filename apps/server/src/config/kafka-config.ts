import { readFileSync } from 'node:fs'
import { SASL_MECHANISMS, type SaslMechanism } from './kafka-setting-checks.js'
import { splitList } from './setting-checks.js'
import type { SettingName, Settings } from './settings.js'

/** How the server logs in to Kafka. */
export type KafkaLogin = Readonly<{ mechanism: SaslMechanism; username: string; password: string }>

/** Where the change stream goes. */
export type KafkaConfig = Readonly<{
  /** `host:port`, at least one. */
  brokers: readonly string[]
  /** null: unencrypted. `ca` is PEM text; null for the authorities that Node knows. */
  tls: Readonly<{ ca: string | null }> | null
  sasl: KafkaLogin | null
  clientId: string
  /** Stands before the name of every stream. */
  topicPrefix: string
}>

/** What the settings of Kafka say together that none of them could say alone; sentences (SPEC V40). */
export function kafkaFaults(settings: Settings): readonly string[] {
  const faults: string[] = []
  const given = SASL.filter((name) => settings[name] !== undefined)
  if (given.length > 0 && given.length < SASL.length) {
    const missing = SASL.filter((name) => settings[name] === undefined)
    faults.push(`${given.join(' and ')} set without ${missing.join(' and ')}. Allowed: all three or none.`)
  }
  if (settings.SATCHEL_KAFKA_TLS_CA_FILE !== undefined && settings.SATCHEL_KAFKA_TLS === 'off') {
    faults.push('SATCHEL_KAFKA_TLS_CA_FILE is set while SATCHEL_KAFKA_TLS is off, so nothing would be verified by it.')
  }
  if (settings.SATCHEL_KAFKA_BROKERS === undefined) {
    const idle = NEEDING_BROKERS.filter((name) => settings[name] !== undefined && settings[name] !== 'off')
    if (idle.length > 0)
      faults.push(`${idle.join(', ')} set without SATCHEL_KAFKA_BROKERS, so there is no change stream.`)
  }
  return faults
}

/** The settings of Kafka, checked before; null without brokers. */
export function kafkaConfigOf(settings: Settings): KafkaConfig | null {
  const { SATCHEL_KAFKA_BROKERS: brokers, SATCHEL_KAFKA_TLS: tls, SATCHEL_KAFKA_TLS_CA_FILE: caFile } = settings
  if (brokers === undefined) return null
  return {
    brokers: splitList(brokers),
    tls: tls === 'on' ? { ca: caFile === undefined ? null : readFileSync(caFile, 'utf8') } : null,
    sasl: loginOf(settings),
    clientId: settings.SATCHEL_KAFKA_CLIENT_ID,
    topicPrefix: settings.SATCHEL_KAFKA_TOPIC_PREFIX ?? '',
  }
}

function loginOf(settings: Settings): KafkaLogin | null {
  const { SATCHEL_KAFKA_SASL_USERNAME: username, SATCHEL_KAFKA_SASL_PASSWORD: password } = settings
  const mechanism = SASL_MECHANISMS.find((known) => known === settings.SATCHEL_KAFKA_SASL_MECHANISM)
  return mechanism === undefined || username === undefined || password === undefined
    ? null
    : { mechanism, username, password }
}

const SASL = [
  'SATCHEL_KAFKA_SASL_MECHANISM',
  'SATCHEL_KAFKA_SASL_USERNAME',
  'SATCHEL_KAFKA_SASL_PASSWORD',
] as const satisfies readonly SettingName[]

const NEEDING_BROKERS = ['SATCHEL_KAFKA_TLS', 'SATCHEL_KAFKA_TLS_CA_FILE', ...SASL] as const
