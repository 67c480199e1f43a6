import { parseIdentityPoolId, violationMessage } from '@satchel/protocol'
import type { ClientOptions } from '../api.js'

/** What local stores and connections are named by. */
export type Address = Readonly<{
  /** Scheme, host and port, without a slash behind. */
  endpoint: string
  pool: string
  name: string
}>

/** Checks where a client is to go, before anything is opened; throws a TypeError that names the option. */
export function checkedOptions({ endpoint, pool, name = 'default' }: ClientOptions): Address {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new TypeError(
      `the option endpoint must be the server's URL, such as https://sync.example.com; got "${endpoint}"`,
    )
  }
  const parsed = parseIdentityPoolId(pool, 'pool')
  if (!parsed.ok) throw new TypeError(violationMessage([parsed.violation]))
  if (!/^[\w.-]{1,64}$/.test(name)) {
    throw new TypeError(
      `the option name must be 1 to 64 letters, digits, points, hyphens or underscores; got "${name}"`,
    )
  }
  return { endpoint: url.origin, pool, name }
}

/** Checks where local stores are to be kept; throws a TypeError that names the option. */
export function checkedDirectory(directory: unknown): string {
  if (typeof directory === 'string' && directory !== '') return directory
  throw new TypeError(`the option directory must be a path, such as ./state; got ${JSON.stringify(directory)}`)
}
