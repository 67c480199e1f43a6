import {
  faultInIntegerMember,
  faultInTextMember,
  NOT_NULL,
  type Parsed,
  type TextBounds,
  violated,
  type Violation,
} from '@satchel/protocol'
import { isJsonObject, member, type JsonValue } from '../http/parse-json.js'

/** Judges a member that was sent; `at` is its place, lowerCamelCase. Null is a member without fault. */
export type Check = (value: JsonValue, at: string) => Violation | null

/** A text whose value may be shown to the one who sent it. */
export const text =
  (bounds: TextBounds): Check =>
  (value, at) =>
    faulty(value, at, faultInTextMember(value, bounds))

/** A text that no message ever shows. */
export const secret =
  (bounds: TextBounds): Check =>
  (value, at) =>
    faulty({}, at, faultInTextMember(value, bounds))

/** An id or name that the protocol has a parser for. */
export const parsedBy =
  (parse: (sent: unknown, at: string) => Parsed<unknown>): Check =>
  (value, at) => {
    const outcome = parse(value, at)
    return outcome.ok ? null : outcome.violation
  }

export const whole =
  (bounds: Readonly<{ min: number; max: number }>): Check =>
  (value, at) =>
    faulty(value, at, faultInIntegerMember(value, bounds))

export const flag: Check = (value, at) =>
  faulty(value, at, typeof value === 'boolean' ? null : 'Member must be a boolean')

export const oneOf =
  (...values: readonly string[]): Check =>
  (value, at) => {
    const isOne = typeof value === 'string' && values.includes(value)
    return faulty(value, at, isOne ? null : `Member must satisfy enum value set: [${values.join(', ')}]`)
  }

export const listOf =
  (item: Check, { min = 0, max }: Readonly<{ min?: number; max: number }>): Check =>
  (value, at) => {
    if (!Array.isArray(value)) return faulty({}, at, 'Member must be a list')
    const items = value as readonly JsonValue[]
    return sizeFault(items.length, { min, max }, at) ?? firstFault(items, (each, n) => item(each, `${at}.${n}.member`))
  }

/** A map whose keys users choose. Its entries are named by position, since a key may be anything. */
export const mapOf =
  (key: Check, value: Check, { max }: Readonly<{ max: number }>): Check =>
  (sent, at) => {
    if (!isJsonObject(sent)) return faulty({}, at, 'Member must be a map')
    const entries = Object.entries(sent)
    return (
      sizeFault(entries.length, { min: 0, max }, at) ??
      firstFault(entries, ([name, held], n) => key(name, `${at}.${n}.key`) ?? value(held ?? null, `${at}.${n}.value`))
    )
  }

/** A structure: `required` members have to be there, `optional` ones may, any others are ignored. */
export const structure =
  ({ required = {}, optional = {} }: Readonly<{ required?: Members; optional?: Members }>): Check =>
  (sent, at) => {
    if (!isJsonObject(sent)) return faulty({}, at, 'Member must be a structure')
    const judged = (members: Members, isRequired: boolean): Violation | null =>
      firstFault(Object.entries(members), ([name, check]) => {
        const value = member(sent, name)
        const where = `${at}.${memberPath(name)}`
        if (value === undefined) return isRequired ? faulty(null, where, NOT_NULL) : null
        return check(value, where)
      })
    return judged(required, true) ?? judged(optional, false)
  }

/** How messages spell a member: AWS writes them with a small first letter. */
export const memberPath = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)

type Members = Readonly<Record<string, Check>>

function sizeFault(size: number, { min, max }: Readonly<{ min: number; max: number }>, at: string): Violation | null {
  if (size < min) return faulty({}, at, `Member must have length greater than or equal to ${min}`)
  return faulty({}, at, size > max ? `Member must have length less than or equal to ${max}` : null)
}

/** Positions count from 1, as AWS counts them. */
function firstFault<T>(items: readonly T[], judge: (item: T, position: number) => Violation | null): Violation | null {
  for (const [index, item] of items.entries()) {
    const violation = judge(item, index + 1)
    if (violation !== null) return violation
  }
  return null
}

function faulty(shown: unknown, at: string, fault: string | null): Violation | null {
  if (fault === null) return null
  const outcome = violated(at, shown, fault)
  return outcome.ok ? null : outcome.violation
}
