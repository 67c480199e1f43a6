import { SYNC_COUNT_MAX, type SyncCount } from '@satchel/protocol'
import { refuseMember } from './refuse-member.js'

/** Largest value of the API's 32-bit integers. */
const INTEGER_MAX = 2_147_483_647

const TOKEN_LENGTH_MAX = 16_384

/**
 * A request's query, read member by member. Names that nobody asks for are ignored; one that is asked for
 * and occurs twice is refused, since signer and server might each believe another one (H12).
 */
export class Query {
  private readonly named: Readonly<Record<string, unknown>>

  constructor(query: unknown) {
    this.named = query as Readonly<Record<string, unknown>>
  }

  /** `lastSyncCount`: exclusive lower bound of a listing, 0 when absent. */
  syncCount(name: string): SyncCount {
    return (this.integer(name, { min: 0, max: SYNC_COUNT_MAX }) ?? 0) as SyncCount
  }

  /** `maxResults`: null when absent. More than `max` is taken as `max`, since it only promises not to send more. */
  limit(name: string, max: number): number | null {
    const asked = this.integer(name, { min: 1, max: INTEGER_MAX })
    return asked === null ? null : Math.min(asked, max)
  }

  /** An opaque text we gave out earlier; null when absent or empty. */
  token(name: string): string | null {
    const sent = this.single(name)
    if (sent === null || sent === '') return null
    if (sent.length <= TOKEN_LENGTH_MAX) return sent
    return refuseMember(name, sent, `Member must have length less than or equal to ${TOKEN_LENGTH_MAX}`)
  }

  private integer(name: string, { min, max }: Readonly<{ min: number; max: number }>): number | null {
    const sent = this.single(name)
    if (sent === null) return null
    if (!INTEGER.test(sent)) return refuseMember(name, sent, 'Member must be an integer')
    const value = Number(sent)
    if (value < min) return refuseMember(name, sent, `Member must have value greater than or equal to ${min}`)
    if (value > max) return refuseMember(name, sent, `Member must have value less than or equal to ${max}`)
    return value
  }

  private single(name: string): string | null {
    if (!Object.hasOwn(this.named, name)) return null
    const sent = this.named[name]
    return typeof sent === 'string' ? sent : refuseMember(name, {}, 'Member must occur only once')
  }
}

const INTEGER = /^-?\d{1,20}$/
