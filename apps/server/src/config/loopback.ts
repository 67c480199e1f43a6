import { isIPv4, isIPv6 } from 'node:net'

/** True when only programs on this machine can reach a listener on `host`. */
export function isLoopback(host: string): boolean {
  if (isIPv4(host)) return host.startsWith('127.')
  if (isIPv6(host)) return LOOPBACK_IPV6.test(host)
  const name = host.toLowerCase()
  return name === 'localhost' || name.endsWith('.localhost')
}

/** True for the addresses that mean every network interface, and are nobody's name. */
export const isEveryInterface = (host: string): boolean => host === '0.0.0.0' || (isIPv6(host) && /^[0:]+$/.test(host))

/** `http://<host>:<port>`, with the brackets that an IPv6 address needs there; nothing else has colons in it. */
export const listenUrl = (host: string, port: number): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`

/** ::1 however many of its zeros are written, and IPv4's loopback in IPv6 clothes. */
const LOOPBACK_IPV6 = /^(?:[0:]*:0*1|::ffff:127\..*)$/i
