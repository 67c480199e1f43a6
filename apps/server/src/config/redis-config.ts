import { hostOf } from './redis-setting-checks.js'
import { splitList } from './setting-checks.js'
import type { Settings } from './settings.js'

/** The Redis that nodes tell each other through. */
export type RedisConfig = Readonly<{
  /** At least one; several are nodes of one cluster. */
  nodes: readonly Readonly<{ host: string; port: number }>[]
  tls: boolean
  username: string | null
  password: string | null
}>

const PORT = 6_379

/** What the settings say together that the URL alone could not; sentences. */
export function redisFaults({ SATCHEL_REDIS_URL: url, SATCHEL_DATABASE_URL: database }: Settings): readonly string[] {
  if (url === undefined || database !== undefined) return []
  return [
    'SATCHEL_REDIS_URL is set without SATCHEL_DATABASE_URL; SQLite serves one process, which has no other to tell.',
  ]
}

/** The setting, checked before; null where there is none. */
export function redisConfigOf({ SATCHEL_REDIS_URL: text }: Settings): RedisConfig | null {
  if (text === undefined) return null
  const urls = splitList(text).map((url) => new URL(url))
  const [{ protocol, username, password }] = urls as [URL]
  return {
    nodes: urls.map((url) => ({ host: hostOf(url), port: url.port === '' ? PORT : Number(url.port) })),
    tls: protocol === 'rediss:',
    username: username === '' ? null : decodeURIComponent(username),
    password: password === '' ? null : decodeURIComponent(password),
  }
}
