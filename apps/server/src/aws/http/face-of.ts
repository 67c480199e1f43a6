import { HTTP_TWIN_PATH } from '@satchel/protocol'

/** One of the three AWS protocols behind the one endpoint; each has an error form of its own. */
export type Face = 'sync' | 'identity' | 'sts' | 'live'

/** What of a request tells which face it is meant for. */
export type Addressed = Readonly<{
  method?: string | undefined
  url?: string | undefined
  headers: Readonly<Record<string, unknown>>
}>

/**
 * Which face a request is meant for, known or not: the root path with `X-Amz-Target` is cognito-identity, a
 * form posted to it is STS, everything else is cognito-sync (F3), but for the HTTP twin of the native face (NB15).
 */
export function faceOf({ method, url = '/', headers }: Addressed): Face {
  if (isHttpTwin(url)) return 'live'
  if (!isRoot(url)) return 'sync'
  if (headers['x-amz-target'] !== undefined) return 'identity'
  const type = headers['content-type']
  const isForm = typeof type === 'string' && FORM.test(type)
  return method === 'POST' && isForm ? 'sts' : 'sync'
}

const FORM = /^\s*application\/x-www-form-urlencoded\s*(;|$)/i

const isHttpTwin = (url: string): boolean => url.startsWith(`${HTTP_TWIN_PATH}/`)

const isRoot = (url: string): boolean => url === '/' || url === '' || url.startsWith('/?')
