import { refuse } from '../refusal.js'
import { AMZ_PREFIX, withoutExtraSpace, type RequestHeaders } from './request-headers.js'

/** The path of a request target, exactly as it was sent. */
export function pathOf(target: string): string {
  const mark = target.indexOf('?')
  return mark < 0 ? target : target.slice(0, mark)
}

/** The query of a request target, exactly as it was sent; empty when it has none. */
export function queryOf(target: string): string {
  const mark = target.indexOf('?')
  return mark < 0 ? '' : target.slice(mark + 1)
}

/**
 * A path as it is signed: as sent, percent-encoded once more (A4). Nothing is normalised, so `//`, `/../`, `%2F` and
 * `%2f` are all different, and two paths are never signed alike.
 */
export function canonicalPath(path: string): string {
  if (!path.startsWith('/')) refuse('InvalidSignature', 'the request target must begin with a slash')
  // What SDKs send needs nothing but its percent signs encoded again.
  if (USUAL_PATH.test(path)) return path.replaceAll('%', '%25')
  let encoded = ''
  let from = 0
  for (let at = 0; at < path.length; at++) {
    const unit = path.charCodeAt(at)
    if (IS_UNRESERVED[unit] === 1 || unit === SLASH) continue
    encoded += path.slice(from, at) + encodedByte(unit)
    from = at + 1
  }
  return from === 0 ? path : encoded + path.slice(from)
}

const USUAL_PATH = /^[A-Za-z0-9\-._~/%]*$/

/**
 * A query as it is signed: every name and value in its one proper encoding, sorted by name, then value (A5). `+` is
 * a plus and no space; a name alone has an empty value.
 *
 * Refuses names beginning with `X-Amz-`, which only presigned requests have.
 */
export function canonicalQuery(query: string): string {
  if (query === '') return ''
  const parameters = query.split('&').map(canonicalParameter)
  if (parameters.length > 1) parameters.sort(byNameThenValue)
  let signed = ''
  for (const { name, value } of parameters) signed += `${signed === '' ? '' : '&'}${name}=${value}`
  return signed
}

/**
 * The signed headers, a line each (A6).
 *
 * Refuses a signed header that is not there, a signature without `host`, and an `x-amz-` header outside of it:
 * whatever somebody may act upon must be signed.
 */
export function canonicalHeaders(headers: RequestHeaders, signedNames: readonly string[]): string {
  if (!signedNames.includes('host')) refuse('IncompleteSignature', 'the header host must be signed')
  for (const name of headers.amzNames) {
    if (!signedNames.includes(name) && !ADDED_ON_THE_WAY.has(name)) {
      refuse('IncompleteSignature', `the header ${name} must be signed`)
    }
  }
  let lines = ''
  for (const name of signedNames) {
    const value = headers.byName.get(name)
    if (value === undefined) refuse('IncompleteSignature', `the header ${shown(name)} is signed but not sent`)
    lines += `${name}:${withoutExtraSpace(value)}\n`
  }
  return lines
}

/**
 * The only `x-amz-` headers that may be unsigned, because they are added behind the client's back and nothing here
 * ever reads them. Every SDK that we looked at (JS v2 and v3, botocore) signs all that it sends; what those leave
 * out, such as `x-amzn-trace-id`, does not begin with `x-amz-`.
 */
const ADDED_ON_THE_WAY: ReadonlySet<string> = new Set([
  'x-amz-cf-id', // CloudFront's request id, added to every request it forwards
])

type Parameter = Readonly<{ name: string; value: string }>

function canonicalParameter(sent: string): Parameter {
  const equals = sent.indexOf('=')
  const name = reencoded(equals < 0 ? sent : sent.slice(0, equals))
  if (name.slice(0, AMZ_PREFIX.length).toLowerCase() === AMZ_PREFIX) {
    refuse('IncompleteSignature', `presigned requests are not served: ${shown(name)} must not stand in the query`)
  }
  return { name, value: equals < 0 ? '' : reencoded(sent.slice(equals + 1)) }
}

// Encoded text is ASCII, where the order of code units is the order of code points.
function byNameThenValue(a: Parameter, b: Parameter): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  if (a.value !== b.value) return a.value < b.value ? -1 : 1
  return 0
}

/** Spells a piece of a query in its one proper form: byte by byte, unreserved ones as they are, all others as `%XX`. */
function reencoded(sent: string): string {
  if (UNRESERVED_ONLY.test(sent)) return sent
  let encoded = ''
  for (let at = 0; at < sent.length; at++) {
    let unit = sent.charCodeAt(at)
    if (unit === PERCENT) {
      const digits = sent.slice(at + 1, at + 3)
      if (!TWO_DIGITS.test(digits)) {
        refuse('InvalidSignature', 'the query has a % that two hexadecimal digits do not follow')
      }
      unit = Number.parseInt(digits, 16)
      at += 2
    }
    encoded += IS_UNRESERVED[unit] === 1 ? String.fromCharCode(unit) : encodedByte(unit)
  }
  return encoded
}

/** Node reads a request target as Latin-1, so a unit is a byte as sent. */
const encodedByte = (byte: number): string =>
  ENCODED[byte] ?? refuse('InvalidSignature', 'the request target holds characters that HTTP cannot carry')

const PERCENT = 0x25
const SLASH = 0x2f
const UNRESERVED_ONLY = /^[A-Za-z0-9\-._~]*$/
const TWO_DIGITS = /^[0-9A-Fa-f]{2}$/

const ENCODED: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
)

/** 1 for the bytes that RFC 3986 calls unreserved. */
const IS_UNRESERVED: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  UNRESERVED_ONLY.test(String.fromCharCode(byte)) ? 1 : 0,
)

const shown = (name: string): string => (name.length > 64 ? `${name.slice(0, 64)}…` : name)
