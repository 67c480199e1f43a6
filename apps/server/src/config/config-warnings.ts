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
  return warnings
}
