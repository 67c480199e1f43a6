import fc from 'fast-check'
import { violationMessage, type Parsed } from '../violation.js'
import { altered, objectAt, objectsIn, without } from './testing/json-paths.js'
import { parsers, recorded, type Json } from './testing/recorded-messages.js'
import { parseWireError } from './wire-answer.js'

test.each(recorded)('[NB2] $message, $variant: one member more or one less anywhere is refused', ({ parse, sent }) => {
  const mutants = objectsIn(sent).flatMap((path) => [
    altered(sent, path, (object) => ({ ...object, besides: 1 })),
    altered(sent, path, (object) => JSON.parse(`{"__proto__":1,${JSON.stringify(object).slice(1)}`) as typeof object),
    ...Object.keys(objectAt(sent, path)).map((name) => altered(sent, path, (object) => without(object, name))),
  ])
  expect(mutants.filter((mutant) => parse(mutant).ok)).toEqual([])
})

test.each(recorded)('[NB2] $message, $variant: a member of any other type is refused', ({ parse, sent }) => {
  const strangers: Json[] = [undefined as never, true, -1, 0.5, 2 ** 53, [], [null], {}, 'x\u0000', '\ud800']
  const mutants = objectsIn(sent).flatMap((path) =>
    Object.entries(objectAt(sent, path)).flatMap(([name, was]) =>
      strangers
        .filter((stranger) => !fits(stranger, was, name))
        .map((stranger) => altered(sent, path, (object) => ({ ...object, [name]: stranger }))),
    ),
  )
  expect(mutants.filter((mutant) => parse(mutant).ok)).toEqual([])
})

test('[NB2] whatever JSON arrives, a parser takes it or names one fault', () => {
  const anything = fc.jsonValue({ maxDepth: 6 })
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(parsers)), anything, (parse, sent) => {
      const found: Parsed<unknown> = parse(sent)
      if (!found.ok) expect(violationMessage([found.violation]).length).toBeLessThan(1_000)
    }),
    { numRuns: 2_000 },
  )
})

test('[NB2] a recorded message with any one part replaced by any JSON is taken or refused, never a crash', () => {
  fc.assert(
    fc.property(fc.constantFrom(...recorded), fc.nat(), fc.nat(), fc.jsonValue(), (one, place, member, json) => {
      const paths = objectsIn(one.sent)
      const path = paths[place % paths.length] ?? []
      const names = Object.keys(objectAt(one.sent, path))
      const name = names[member % names.length] ?? 'x'
      expect(typeof one.parse(altered(one.sent, path, (object) => ({ ...object, [name]: json as Json }))).ok).toBe(
        'boolean',
      )
    }),
    { numRuns: 2_000 },
  )
})

test('[NB2] a code that is an object of which no text can be made is refused, not a crash', () => {
  const found = parseWireError({ code: { toString: 0 }, message: '', retryAfterMs: null })
  expect(found).toMatchObject({ ok: false, violation: { at: 'code', constraint: 'Member must be a known code' } })
})

/** What a parser may well take in another's place. */
function fits(stranger: Json, was: Json, name: string): boolean {
  if (JSON.stringify(stranger) === JSON.stringify(was)) return true
  const emptyList = Array.isArray(stranger) && stranger.length === 0
  if (emptyList) return name === 'records' || (Array.isArray(was) && name !== 'protocols' && name !== 'patches')
  if (stranger === -1) return name === 'deviceModifiedAt'
  if (stranger === true) return typeof was === 'boolean' && name !== 'ok'
  return false
}
