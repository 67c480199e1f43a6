import { escapeFault, NO_LOGIN_URL } from './login-url.js'
import { host, splitList, type SettingCheck } from './setting-checks.js'

export const redisUrls: SettingCheck = (text) => {
  const urls = splitList(text)
  if (urls.length === 0) return 'names no Redis'
  for (const url of urls) {
    const wrong = faultOf(url)
    if (wrong !== null) return wrong
  }
  const [first] = urls.map(shared)
  return urls.every((url) => shared(url) === first)
    ? null
    : 'names nodes of one cluster with different schemes or logins'
}

function faultOf(text: string): string | null {
  if (!/^rediss?:\/\//i.test(text)) return 'does not begin with redis:// or rediss://'
  if (!URL.canParse(text)) return NO_LOGIN_URL
  const url = new URL(text)
  const { username, password, pathname, search, hash } = url
  const wrongEscape = escapeFault(username, password)
  if (wrongEscape !== null) return wrongEscape
  if (username !== '' && password === '') return 'has a user name without a password'
  if (host(hostOf(url)) !== null) return 'names no host'
  // Publishing knows no databases, so whoever names one believes in a separation that is not there.
  if (!['', '/', '/0'].includes(pathname))
    return 'names a database, which publishing in Redis does not know; leave it out'
  return search === '' && hash === '' ? null : 'has more than scheme, login, host and port'
}

/** What all nodes of a cluster have in common. */
function shared(text: string): string {
  const { protocol, username, password } = new URL(text)
  return JSON.stringify([protocol, username, password])
}

/** Without the brackets of an IPv6 address. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1')
