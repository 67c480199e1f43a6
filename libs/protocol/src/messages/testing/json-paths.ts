import type { Json } from './recorded-messages.js'

/** The object without one of its members. */
export function without(object: Record<string, Json>, name: string): Record<string, Json> {
  const { [name]: _, ...rest } = object
  return rest
}

type Path = readonly (string | number)[]

/** Where in a message its objects are. */
export function objectsIn(json: Json, path: Path = []): Path[] {
  if (typeof json !== 'object' || json === null) return []
  const inner = Object.entries(json).flatMap(([name, value]) => objectsIn(value, [...path, name]))
  return Array.isArray(json) ? inner : [path, ...inner]
}

export const objectAt = (json: Json, path: Path): Record<string, Json> =>
  path.reduce<Json>((at, step) => (at as Record<string, Json>)[step] as Json, json) as Record<string, Json>

/** A copy of the message in which one object is another. */
export function altered(json: Json, path: Path, change: (object: Record<string, Json>) => Record<string, Json>): Json {
  const [step, ...rest] = path
  if (step === undefined) return change(json as Record<string, Json>)
  if (Array.isArray(json)) return json.map((item, index) => (`${index}` === step ? altered(item, rest, change) : item))
  const object = json as Record<string, Json>
  return { ...object, [step]: altered(object[step] as Json, rest, change) }
}
