import { isUtf8 } from 'node:buffer'
import { refuse } from '../../refusal.js'
import type { JsonObject } from '../http/parse-json.js'

/** The most that any operation of STS needs, with room to spare. */
const PARAMETERS_MAX = 200

/** Reads a form as one text per name; a name that occurs twice is refused, since two readers could choose differently. */
export function parseForm(body: Buffer): ReadonlyMap<string, string> {
  if (!isUtf8(body)) refuse('Serialization', 'the body is not valid UTF-8')
  const parameters = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(body.toString('utf8'))) {
    if (parameters.has(name)) refuse('Serialization', `a parameter occurs twice, at position ${parameters.size + 1}`)
    if (parameters.size === PARAMETERS_MAX)
      refuse('Serialization', `the form has more than ${PARAMETERS_MAX} parameters`)
    parameters.set(name, value)
  }
  return parameters
}

/** A form's parameters as members of a request; those named in `numbers` become numbers where they are spelled as one. */
export function membersOf(form: ReadonlyMap<string, string>, numbers: readonly string[]): JsonObject {
  const members = [...form].map(([name, value]) => {
    const isNumber = numbers.includes(name) && /^-?\d{1,15}$/.test(value)
    return [name, isNumber ? Number(value) : value] as const
  })
  return Object.fromEntries(members)
}
