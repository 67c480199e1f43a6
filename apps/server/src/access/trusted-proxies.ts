import type { IncomingHttpHeaders } from 'node:http'
import { BlockList, isIP, SocketAddress, type IPVersion } from 'node:net'

/** What tells from where a request came. */
export type Arrived = Readonly<{
  socket: Readonly<{ remoteAddress?: string | undefined }>
  headers: IncomingHttpHeaders
}>

/**
 * Whose word is taken for where a request came from (O27). A proxy puts the address that it sees at the end of X-Forwarded-For; what
 * stands further in front was there when the request reached it, and may be anybody's invention.
 */
export class TrustedProxies {
  private readonly ranges = new BlockList()

  /** Addresses and ranges in which {@link rangeFault} finds no fault. */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const { address, prefix, bits } = partsOf(range)
      this.ranges.addSubnet(address, prefix === null ? bits : Number(prefix), familyOf(address))
    }
  }

  /**
   * The client's address: the connection's own, or where that is a trusted proxy's, the last one in X-Forwarded-For that is not. The walk
   * from the end stops before what is no address, and what was believed last counts.
   */
  addressOf({ socket, headers }: Arrived): string {
    let believed = socket.remoteAddress ?? ''
    const claimed = String(headers['x-forwarded-for'] ?? '').split(',')
    while (this.names(believed)) {
      const next = claimed.pop()?.trim() ?? ''
      if (isIP(next) === 0) break
      believed = written(next)
    }
    return believed
  }

  private names(address: string): boolean {
    return isIP(address) !== 0 && this.ranges.check(written(address), familyOf(address))
  }
}

/** What is wrong with an address or a range of addresses, in words that follow its name; null when nothing is. */
export function rangeFault(range: string): string | null {
  const { address, prefix, bits } = partsOf(range)
  if (bits === 0) return 'is neither an IP address nor a range such as 10.0.0.0/8'
  if (address.includes('%')) return 'names a network interface, which no range can'
  if (prefix === null || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits)) return null
  return `has something else than 0 to ${bits} behind its slash`
}

/** Whether it names every address of a family, so that everybody is believed. */
export const isEverybody = (range: string): boolean => Number(partsOf(range).prefix ?? NaN) === 0

/** `bits` are those of its kind of address; 0 for what is none. */
function partsOf(range: string): Readonly<{ address: string; prefix: string | null; bits: 0 | 32 | 128 }> {
  const slash = range.indexOf('/')
  const address = slash < 0 ? range : range.slice(0, slash)
  const version = isIP(address)
  return {
    address,
    prefix: slash < 0 ? null : range.slice(slash + 1),
    bits: version === 0 ? 0 : version === 4 ? 32 : 128,
  }
}

/** As Node writes an address, so that one address is one text; without the interface that a link-local one came by. */
const written = (address: string): string => new SocketAddress({ address, family: familyOf(address) }).address

const familyOf = (address: string): IPVersion => (isIP(address) === 4 ? 'ipv4' : 'ipv6')
