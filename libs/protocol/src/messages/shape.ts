import { faultInIntegerMember, faultInTextMember, NOT_NULL, type TextBounds } from '../constraints.js'
import { parsed, violated, type Parsed } from '../violation.js'

/** The first fault in a message: where, from the judged value inwards, and what was sent there. */
type Fault = Readonly<{ at: string; sent: unknown; constraint: string }>

/** Judges what was sent. The path of a fault is put together on the way out, so a good message costs no text. */
export type Check = (sent: unknown) => Fault | null

/** A check for every member, so that the compiler refuses a parser that forgot one or knows one too many. */
export type Members<T> = { readonly [Name in keyof T]-?: Check }

/** Takes what the check lets pass as it is, without a copy. */
export const parserOf =
  <T>(check: Check) =>
  (sent: unknown): Parsed<T> => {
    const fault = check(sent)
    return fault === null ? parsed(sent as T) : violated(fault.at || 'message', fault.sent, fault.constraint)
  }

/** An object of exactly these members, each of them present. */
export function exactly<T>(members: Members<T>): Check {
  const checks = Object.entries<Check>(members)
  const fault = `Member must have no members but: ${Object.keys(members).join(', ')}`
  return (sent) => {
    if (!isObject(sent)) return notOf(sent, 'Member must be an object')
    for (const [name, check] of checks) {
      const found = check(sent[name])
      if (found !== null) return inside(name, found)
    }
    return Object.keys(sent).length === checks.length ? null : hidden(fault)
  }
}

/** One of several objects, told apart by the text of one member. */
export function oneOf<T, Tag extends keyof T & string>(
  tag: Tag,
  variants: { readonly [Value in T[Tag] & string]: Omit<Members<Extract<T, Readonly<Record<Tag, Value>>>>, Tag> },
): Check {
  const names = Object.keys(variants)
  const shapes = new Map<unknown, Check>(
    Object.entries(variants).map(([name, members]) => [name, exactly({ [tag]: anything, ...(members as object) })]),
  )
  return (sent) => {
    if (!isObject(sent)) return notOf(sent, 'Member must be an object')
    const shape = shapes.get(sent[tag])
    if (shape !== undefined) return shape(sent)
    return inside(tag, notOf(sent[tag], `Member must satisfy enum value set: [${names.join(', ')}]`))
  }
}

/** A list of so many items; `once` names the member in which no two of them may agree. */
export function listOf(item: Check, { min = 0, max, once }: Readonly<{ min?: number; max: number; once?: string }>) {
  return (sent: unknown): Fault | null => {
    if (!Array.isArray(sent)) return notOf(sent, 'Member must be a list')
    if (sent.length < min) return hidden(`Member must have length greater than or equal to ${min}`)
    if (sent.length > max) return hidden(`Member must have length less than or equal to ${max}`)
    const seen = new Set<unknown>()
    for (let index = 0; index < sent.length; index++) {
      const one = sent[index] as Record<string, unknown>
      const fault = item(one)
      if (fault !== null) return inside(`${index + 1}`, fault)
      if (once === undefined) continue
      if (seen.size === seen.add(one[once]).size) {
        return { at: `${index + 1}.${once}`, sent: one[once], constraint: 'Member must occur only once in the list' }
      }
    }
    return null
  }
}

export const nullOr =
  (check: Check): Check =>
  (sent) =>
    sent === null ? null : check(sent)

/** A whole number, exact in JavaScript. */
export const integer =
  (min = 0, max = Number.MAX_SAFE_INTEGER): Check =>
  (sent) =>
    faultOf(sent, faultInIntegerMember(sent, { min, max }))

export const flag: Check = (sent) => (typeof sent === 'boolean' ? null : notOf(sent, 'Member must be true or false'))

export const text =
  (bounds: TextBounds): Check =>
  (sent) =>
    faultOf(sent, faultInTextMember(sent, bounds))

/** A text that no message ever shows, not even to its sender, so that no log can catch it. */
export const hiddenText =
  (bounds: TextBounds): Check =>
  (sent) =>
    faultOf(sent ?? null, faultInTextMember(sent, bounds), {})

/** What one of the protocol's own parsers takes. */
export const takenBy =
  (parse: (sent: unknown, at: string) => Parsed<unknown>): Check =>
  (sent) => {
    const found = parse(sent, '')
    return found.ok ? null : faultOf(sent, found.violation.constraint)
  }

const anything: Check = () => null

const isObject = (sent: unknown): sent is Record<string, unknown> =>
  typeof sent === 'object' && sent !== null && !Array.isArray(sent)

const inside = (name: string, { at, sent, constraint }: Fault): Fault => ({
  at: at === '' ? name : `${name}.${at}`,
  sent,
  constraint,
})

/** What stands where something else belongs may be anybody's text: it is not shown. */
const notOf = (sent: unknown, constraint: string): Fault =>
  sent === undefined || sent === null ? { at: '', sent, constraint: NOT_NULL } : hidden(constraint)

const hidden = (constraint: string): Fault => ({ at: '', sent: {}, constraint })

const faultOf = (sent: unknown, constraint: string | null, shown: unknown = sent): Fault | null =>
  constraint === null ? null : { at: '', sent: sent === undefined || sent === null ? sent : shown, constraint }
