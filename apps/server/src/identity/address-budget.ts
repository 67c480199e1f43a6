import { isIPv6 } from 'node:net'
import type { Clock } from '../runtime/clock.js'

/** How often one address may do something: a steady rate, and how much of it may be saved up. */
export type Rate = Readonly<{ perSecond: number; burst: number }>

/** Generous to an office behind one address, and still an end to somebody who makes rows without proof. */
export const GUEST_RATE: Rate = { perSecond: 100, burst: 500 }

/** Addresses remembered at a time; the one not seen for longest is forgotten first. */
const ADDRESSES_MAX = 10_000

/** A token bucket for each address (SPEC I16). An IPv6 network of 64 bits counts as one address, since one host has it all. */
export class AddressBudget {
  private readonly bucketsByAddress = new Map<string, Bucket>()

  constructor(
    private readonly clock: Clock,
    private readonly rate: Rate = GUEST_RATE,
  ) {}

  /** Takes one; answers 0, or after how many seconds there is one again. */
  take(address: string): number {
    const now = this.clock.now()
    const network = networkOf(address)
    const left = this.leftOf(network, now)
    this.remember(network, { left: left < 1 ? left : left - 1, at: now })
    return left < 1 ? Math.max(1, Math.ceil((1 - left) / this.rate.perSecond)) : 0
  }

  private leftOf(network: string, now: number): number {
    const bucket = this.bucketsByAddress.get(network)
    if (bucket === undefined) return this.rate.burst
    const gained = (Math.max(0, now - bucket.at) / 1_000) * this.rate.perSecond
    return Math.min(this.rate.burst, bucket.left + gained)
  }

  private remember(network: string, bucket: Bucket): void {
    this.bucketsByAddress.delete(network) // so that the one just seen stands last
    this.bucketsByAddress.set(network, bucket)
    if (this.bucketsByAddress.size <= ADDRESSES_MAX) return
    for (const oldest of this.bucketsByAddress.keys()) {
      this.bucketsByAddress.delete(oldest)
      return
    }
  }
}

type Bucket = Readonly<{ left: number; at: number }>

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** What counts as one address: an IPv4 address, or an IPv6 network of 64 bits. */
export function networkOf(address: string): string {
  const mapped = MAPPED_IPV4.exec(address)?.[1]
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address
  const [front = '', back = ''] = (address.split('%')[0] ?? '').split('::')
  const groups = front === '' ? [] : front.split(':')
  const after = back === '' ? [] : back.split(':')
  while (address.includes('::') && groups.length + after.length < 8) groups.push('0')
  return [...groups, ...after]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
