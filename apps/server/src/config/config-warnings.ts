import { isEverybody } from '../access/trusted-proxies.js'
import type { Config } from './config.js'
import { isEveryInterface, isLoopback } from './loopback.js'

/** What works and still deserves a word at start: conveniences that are not safe, named as such (SPEC O6). */
export function configWarnings(config: Config): readonly string[] {
  const warnings: string[] = []
  const reachable = !isLoopback(config.host)
  if (reachable && config.demo) {
    warnings.push(
      'SATCHEL_DEMO is on while other machines can reach this server: anybody among them may become a guest of the demo pool and store data in it.',
    )
  }
  if (config.publicUrl === null && isEveryInterface(config.host)) {
    warnings.push(
      `SATCHEL_PUBLIC_URL is not set and ${config.host} is no address that clients could use: tokens will name an issuer that nobody can reach.`,
    )
  }
  if (reachable && !(config.publicUrl ?? '').startsWith('https:')) {
    warnings.push('Clients reach this server by plain http: records and session tokens can be read on the way.')
  }
  if (reachable && config.adminPort === null) {
    warnings.push(
      '/health and /metrics are open to every machine that reaches this server; SATCHEL_ADMIN_PORT moves them.',
    )
  }
  if (config.allowedOrigins?.includes('*') === true) {
    warnings.push('SATCHEL_ALLOWED_ORIGINS is *: pages of every web site may talk to this server.')
  }
  if (config.trustedProxies.some(isEverybody)) {
    warnings.push(
      'SATCHEL_TRUSTED_PROXIES names every address: whoever reaches this server may claim to be anybody, and no limit by address holds.',
    )
  }
  // Whoever names a Redis has several nodes, and these two have to be alike at each.
  if (config.redis !== null && config.publicUrl === null) {
    warnings.push(
      'SATCHEL_REDIS_URL is set and SATCHEL_PUBLIC_URL is not: each node is an issuer of its own, and refuses the OpenID tokens of the others.',
    )
  }
  if (config.redis !== null && config.admin === null) {
    warnings.push(
      'SATCHEL_REDIS_URL is set and SATCHEL_ADMIN_ACCESS_KEY_ID is not: each node generates credentials of the account, and refuses those of the others.',
    )
  }
  const { kafka } = config
  if (kafka?.sasl?.mechanism === 'plain' && kafka.tls === null && !kafka.brokers.every(isLoopbackBroker)) {
    warnings.push(
      'SATCHEL_KAFKA_SASL_MECHANISM is plain while SATCHEL_KAFKA_TLS is off: the password for Kafka can be read on the way to it.',
    )
  }
  const { redis } = config
  if (redis !== null && redis.password !== null && !redis.tls && !redis.nodes.every(({ host }) => isLoopback(host))) {
    warnings.push('SATCHEL_REDIS_URL has a password and is not rediss://: it can be read on the way to Redis.')
  }
  return warnings
}

const isLoopbackBroker = (address: string): boolean => isLoopback(address.slice(0, address.lastIndexOf(':')))

/**
 * Node 24.19 and later end the process at a moment of their own choosing: they look for an environment when a statement of
 * better-sqlite3 12 is collected, and there is none (chandra447/pi-hermes-memory#193). Its version 13 does not load in Node 20.
 */
export function nodeWarnings(version: string): readonly string[] {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < 24 || (major === 24 && minor < 19)) return []
  return [
    `Node ${version} may abort this process without a word, because of how better-sqlite3 frees its statements there. Nothing acknowledged is lost; use Node 24.18, 22 or 20.`,
  ]
}
