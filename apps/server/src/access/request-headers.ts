import { refuse } from '../refusal.js'

/** A request's headers by lower-case name. */
export type RequestHeaders = Readonly<{
  byName: ReadonlyMap<string, string>
  /** Names that begin with `x-amz-`, in order of arrival. */
  amzNames: readonly string[]
}>

export const AMZ_PREFIX = 'x-amz-'

/**
 * Indexes the headers as they came over the wire: name, value, name, value.
 *
 * A header that is sent twice counts as one, its values joined by a comma, as SigV4 reads it. Those on which a
 * decision hangs must not be sent twice, or two readers could choose two different ones (A6).
 */
export function readHeaders(rawHeaders: readonly string[]): RequestHeaders {
  const byName = new Map<string, string>()
  const amzNames: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase()
    const value = rawHeaders[at + 1] as string
    const isAmz = name.startsWith(AMZ_PREFIX)
    const held = byName.get(name)
    if (held === undefined) {
      byName.set(name, value)
      if (isAmz) amzNames.push(name)
    } else {
      if (isAmz || SENT_ONCE.has(name)) refuse('IncompleteSignature', `the header ${name} is sent more than once`)
      byName.set(name, `${withoutExtraSpace(held)},${withoutExtraSpace(value)}`)
    }
  }
  return { byName, amzNames }
}

/** A header's value as it is signed: no space around it, and one space where there were several, or tabs. */
export function withoutExtraSpace(value: string): string {
  const isPlain = !value.includes('  ') && !value.includes('\t') && !value.startsWith(' ') && !value.endsWith(' ')
  return isPlain ? value : value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '')
}

const SENT_ONCE: ReadonlySet<string> = new Set(['authorization', 'host', 'date', 'content-type'])
