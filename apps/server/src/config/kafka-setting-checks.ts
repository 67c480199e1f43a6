import { readFileSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import { errnoOf } from './errno.js'
import { host, splitList, type SettingCheck } from './setting-checks.js'

export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const
export type SaslMechanism = (typeof SASL_MECHANISMS)[number]

/** What Kafka's longest topic name leaves when the longest name of a stream is taken off: 249 - 128. */
export const TOPIC_PREFIX_LENGTH_MAX = 121
export const KAFKA_CLIENT_ID_LENGTH_MAX = 128
export const SASL_TEXT_LENGTH_MAX = 1_024

export const brokers: SettingCheck = (text) => {
  const listed = splitList(text)
  if (listed.length === 0) return 'names no broker'
  const wrong = listed.findIndex((address) => !isBrokerAddress(address))
  return wrong < 0 ? null : `is not host:port at place ${wrong + 1} of its list`
}

/** The client library takes an address apart at its first colon, so an IPv6 address would not survive. */
function isBrokerAddress(address: string): boolean {
  const [, name = '', port = ''] = /^([^:]+):([1-9]\d{0,4})$/.exec(address) ?? []
  return host(name) === null && Number(port) <= 65_535
}

export const kafkaClientId: SettingCheck = (text) =>
  /^[\w.-]+$/.test(text) && text.length <= KAFKA_CLIENT_ID_LENGTH_MAX ? null : 'is not a client id'

export const topicPrefix: SettingCheck = (text) =>
  /^[\w.-]+$/.test(text) && text.length <= TOPIC_PREFIX_LENGTH_MAX ? null : 'cannot begin the name of a topic'

/** A NUL would end the word within the login itself; other control characters are slips of whoever wrote the file. */
export const saslText: SettingCheck = (text) => {
  if (/\p{Cc}/u.test(text)) return 'has control characters'
  return text.length > SASL_TEXT_LENGTH_MAX ? `has ${text.length} characters, too many` : null
}

export const certificatesFile: SettingCheck = (path) => {
  let pem: string
  try {
    pem = readFileSync(path, 'utf8')
  } catch (cause) {
    const errno = errnoOf(cause)
    if (errno === null) throw cause
    return `cannot be read (${errno})`
  }
  const certificates = pem.match(CERTIFICATE) ?? []
  if (certificates.length === 0) return 'holds no certificate in PEM form'
  const wrong = certificates.findIndex((certificate) => !isCertificate(certificate))
  return wrong < 0 ? null : `holds something at place ${wrong + 1} that is marked as a certificate and is none`
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g
