import { isUtf8 } from 'node:buffer'
import { refuse } from '../../refusal.js'

/** A parsed body. Members may be called anything, `__proto__` included: read them with {@link member}. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [name: string]: JsonValue | undefined
}

/** Deepest nesting of arrays and objects; the API needs five levels. */
export const JSON_DEPTH_MAX = 32

/** Longest number, in characters; a 64-bit count needs 19. */
export const JSON_NUMBER_LENGTH_MAX = 64

/** Most values in one body, so that a few megabytes of `{},{}` do not hold up everybody else. */
export const JSON_VALUES_MAX = 250_000

const MEMBER_NAME_SHOWN_MAX = 64

/**
 * Reads a request body as JSON (RFC 8259). An empty body reads as `{}`, since several clients send none where
 * nothing has to be said (H2).
 *
 * Refuses, before anything is built, what would let two readers see different things or cost more than the
 * body is worth: text that is not UTF-8, a byte order mark, names that occur twice in one object, nesting
 * beyond {@link JSON_DEPTH_MAX}, endless numbers (H3–H6). Messages give a position and never a value.
 */
export function parseJson(body: Buffer): JsonValue {
  if (body.length === 0) return {}
  if (!isUtf8(body)) refuse('Serialization', 'the body is not valid UTF-8')
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) {
    refuse('Serialization', 'the body begins with a byte order mark')
  }
  const text = body.toString('utf8')
  const members = countMembers(text)
  const value = parsed(text)
  // As many colons as members: no name occurred twice. Only a body that is refused pays for finding which.
  if (members !== membersOf(value)) refuseDuplicate(text)
  return value
}

/** Reads a body whose outermost value has to be an object. */
export function parseJsonObject(body: Buffer): JsonObject {
  const value = parseJson(body)
  if (!isJsonObject(value)) refuse('Serialization', 'the body must be a JSON object')
  return value
}

/** An object's own member; undefined when it has none of that name, or it is null. */
export function member(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined
}

export const isJsonObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c

/**
 * One pass over the text outside strings. It trusts the grammar, which JSON.parse judges right after, and checks what
 * JSON.parse does not bound. Answers how many members the text spells.
 */
function countMembers(text: string): number {
  const { length } = text
  let depth = 0
  let members = 0
  let values = 0
  for (let at = 0; at < length; at++) {
    const unit = text.charCodeAt(at)
    switch (unit) {
      case QUOTE:
        at = endOfString(text, at + 1)
        break
      case COLON:
        members++
        break
      case COMMA:
        if (++values > JSON_VALUES_MAX) refuseTooMany(at)
        break
      case 0x5b: // [
      case 0x7b: // {
        if (++values > JSON_VALUES_MAX) refuseTooMany(at)
        if (++depth > JSON_DEPTH_MAX) refuseAt(`the body is nested deeper than ${JSON_DEPTH_MAX} levels`, at)
        break
      case 0x5d: // ]
      case 0x7d: // }
        depth--
        break
      default:
        if (isNumberStart(unit)) at = endOfNumber(text, at)
    }
  }
  return members
}

/** Position of the quote that ends a string, or the text's length when none does. */
function endOfString(text: string, from: number): number {
  const quote = text.indexOf('"', from)
  if (quote < 0) return text.length
  if (text.charCodeAt(quote - 1) !== BACKSLASH) return quote
  // The quote may be escaped. Strings with one escaped quote tend to have many, so from here it is unit by unit.
  for (let at = from; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === BACKSLASH) at++
    else if (unit === QUOTE) return at
  }
  return text.length
}

/** Position of a number's last character. */
function endOfNumber(text: string, from: number): number {
  let at = from + 1
  while (isNumberPart(text.charCodeAt(at))) {
    if (++at - from > JSON_NUMBER_LENGTH_MAX) {
      refuseAt(`a number is longer than ${JSON_NUMBER_LENGTH_MAX} characters`, from)
    }
  }
  return at - 1
}

const isNumberStart = (unit: number): boolean => (unit >= 0x30 && unit <= 0x39) || unit === 0x2d

/** Digits, sign, point and exponent mark; false for the NaN that lies behind the text's end. */
const isNumberPart = (unit: number): boolean =>
  (unit >= 0x30 && unit <= 0x39) || unit === 0x2e || unit === 0x65 || unit === 0x45 || unit === 0x2b || unit === 0x2d

function parsed(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch (cause) {
    const position = /position (\d+)/.exec(cause instanceof Error ? cause.message : '')?.[1]
    return refuse(
      'Serialization',
      `the body is not valid JSON${position === undefined ? '' : `, at position ${position}`}`,
    )
  }
}

/** How many members a value has, all levels together; its depth is bounded. */
function membersOf(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0
  let members = 0
  if (Array.isArray(value)) {
    for (const element of value as readonly JsonValue[]) {
      if (typeof element === 'object' && element !== null) members += membersOf(element)
    }
    return members
  }
  const object = value as JsonObject
  for (const name in object) {
    members++
    const held = object[name]
    if (typeof held === 'object' && held !== null) members += membersOf(held)
  }
  return members
}

/** Walks the text, now known to be valid JSON, with the names of each open object at hand. */
function refuseDuplicate(text: string): never {
  const open: (Set<string> | null)[] = []
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === 0x7b) open.push(new Set())
    else if (unit === 0x5b) open.push(null)
    else if (unit === 0x7d || unit === 0x5d) open.pop()
    else if (unit === QUOTE) {
      const end = endOfString(text, at + 1)
      const names = open.at(-1)
      if (names !== null && names !== undefined && isFollowedByColon(text, end + 1)) {
        const name = JSON.parse(text.slice(at, end + 1)) as string
        if (names.has(name)) refuseAt(`the member ${shownName(name)} occurs twice in one object`, at)
        names.add(name)
      }
      at = end
    }
  }
  throw new Error('the members of a body were counted twice with different results, but none occurs twice')
}

function isFollowedByColon(text: string, from: number): boolean {
  let at = from
  while (' \t\n\r'.includes(text.charAt(at)) && at < text.length) at++
  return text.charCodeAt(at) === COLON
}

const shownName = (name: string): string =>
  JSON.stringify(name.length > MEMBER_NAME_SHOWN_MAX ? `${name.slice(0, MEMBER_NAME_SHOWN_MAX)}…` : name)

const refuseTooMany = (position: number): never =>
  refuseAt(`the body holds more than ${JSON_VALUES_MAX} values`, position)

const refuseAt = (fault: string, position: number): never =>
  refuse('Serialization', `${fault}, at position ${position}`)
