import { readFileSync } from 'node:fs'

/** A shape of an AWS model with its constraints, as `extract-model.js` writes it. */
export type Shape = Readonly<{
  type: 'string' | 'integer' | 'long' | 'boolean' | 'timestamp' | 'list' | 'map' | 'structure'
  required?: true
  in?: 'path' | 'query' | 'header'
  as?: string
  minLength?: number
  maxLength?: number
  min?: number
  max?: number
  pattern?: string
  enum?: readonly string[]
  member?: Shape
  key?: Shape
  value?: Shape
  members?: Readonly<Record<string, Shape>>
}>

export type ModelOperation = Readonly<{
  method?: string
  uri?: string
  signed: boolean
  input: Readonly<Record<string, Shape>>
}>

export type Model = Readonly<{ operations: Readonly<Record<string, ModelOperation>> }>

/** The input of an operation; members may be anything a test wants them to be. */
export type Input = Record<string, unknown>

/** A step into an input: a member's name, a list's position or a map's key. */
export type Path = readonly (string | number)[]

export type Spoilt = Readonly<{
  /** For the test's name: what is wrong, and with which member. */
  name: string
  /** As messages spell the member; `*` stands for how they name the entry of a map. */
  at: string
  /** What the message has to say of the constraint. */
  says: readonly string[]
  /** Makes an input that is right into one that is wrong. */
  spoil: (input: Input) => Input
}>

export type Longest = Readonly<{ name: string; at: string; stretch: (input: Input) => Input }>

export type Cases = Readonly<{ refused: readonly Spoilt[]; accepted: readonly Longest[] }>

/** A value of every shape that a baseline may be stretched to or spoilt from, where the input has none itself. */
export type Samples = Readonly<Record<string, unknown>>

export const readModel = (name: string): Model =>
  JSON.parse(readFileSync(new URL(`../e2e/model/${name}.json`, import.meta.url), 'utf8')) as Model

/**
 * Everything that can be said about the input of an operation from its model alone: what has to be there, how long or
 * large a member may be, what it has to look like. `samples` has a right value for each top member.
 */
export function casesOf(operation: ModelOperation, samples: Samples): Cases {
  const refused: Spoilt[] = []
  const accepted: Longest[] = []
  for (const [name, shape] of Object.entries(operation.input)) {
    collect({ path: [name], at: lowerFirst(name), shape, samples, refused, accepted })
  }
  return { refused, accepted }
}

type Place = Readonly<{
  path: Path
  at: string
  shape: Shape
  samples: Samples
  refused: Spoilt[]
  accepted: Longest[]
}>

function collect(place: Place): void {
  const { at, path, shape } = place
  const spoil = (what: string, value: unknown, ...says: readonly string[]): void => {
    place.refused.push({
      name: `${at} ${what}`,
      at,
      says,
      spoil: (input) => replaced(withSample(place, input), path, value),
    })
  }
  const stretch = (what: string, value: unknown): void => {
    place.accepted.push({
      name: `${at} ${what}`,
      at,
      stretch: (input) => replaced(withSample(place, input), path, value),
    })
  }

  if (shape.required === true && shape.in !== 'path') {
    spoil('is missing', undefined, 'must not be null')
    if (shape.in === undefined) spoil('is null', null, 'must not be null')
  }
  if (shape.required === undefined && shape.in === undefined && isTop(path)) stretch('is null', null)
  for (const [what, value] of wrongTypes(shape)) spoil(`is ${what}`, value, 'must')
  if (shape.enum !== undefined) spoil('is none of its values', 'NEITHER', ...shape.enum)

  switch (shape.type) {
    case 'string':
      collectText(place, spoil, stretch)
      break
    case 'integer':
    case 'long':
      collectNumber(shape, spoil, stretch)
      break
    case 'list':
      collectList(place, spoil, stretch)
      break
    case 'map':
      collectMap(place, spoil, stretch)
      break
    case 'structure':
      for (const [name, inner] of Object.entries(shape.members!)) {
        collect({ ...place, path: [...path, name], at: `${at}.${lowerFirst(name)}`, shape: inner })
      }
      break
    case 'boolean':
    case 'timestamp':
      break
  }
}

type Spoil = (what: string, value: unknown, ...says: readonly string[]) => void
type Stretch = (what: string, value: unknown) => void

function collectText({ path, samples, shape }: Place, spoil: Spoil, stretch: Stretch): void {
  const { minLength = 0, maxLength, pattern } = shape
  const held = valueAt(samples, path)
  const sample = typeof held === 'string' ? held : ''
  if (maxLength !== undefined && shape.enum === undefined && !isClosed(shape)) {
    stretch(`has ${maxLength} characters`, padded(sample, maxLength, shape))
    spoil(
      `has ${maxLength + 1} characters`,
      padded(sample, maxLength + 1, shape),
      'length less than or equal to',
      String(maxLength),
    )
  }
  if (minLength > 0 && shape.in !== 'path') {
    spoil(
      `has ${minLength - 1} characters`,
      sample.slice(0, minLength - 1),
      'length greater than or equal to',
      String(minLength),
    )
  }
  if (pattern !== undefined) spoil('does not match its pattern', mismatch(sample, pattern), 'pattern')
}

function collectNumber({ min, max, in: where }: Shape, spoil: Spoil, stretch: Stretch): void {
  const sent = (value: number): unknown => (where === 'query' ? String(value) : value)
  if (min !== undefined) spoil(`is ${min - 1}`, sent(min - 1), 'greater than or equal to', String(min))
  if (max !== undefined) spoil(`is ${max + 1}`, sent(max + 1), 'less than or equal to', String(max))
  if (min !== undefined) stretch(`is ${min}`, sent(min))
  if (max !== undefined) stretch(`is ${max}`, sent(max))
}

function collectList(place: Place, spoil: Spoil, stretch: Stretch): void {
  const { path, samples, shape, at } = place
  const [item] = (valueAt(samples, path) ?? []) as readonly unknown[]
  const times = (length: number): unknown[] => Array.from({ length }, () => item)
  if (shape.minLength !== undefined && shape.minLength > 0) {
    spoil(
      `has ${shape.minLength - 1} entries`,
      times(shape.minLength - 1),
      'length greater than or equal to',
      String(shape.minLength),
    )
  }
  if (shape.maxLength !== undefined) {
    stretch(`has ${shape.maxLength} entries`, times(shape.maxLength))
    spoil(
      `has ${shape.maxLength + 1} entries`,
      times(shape.maxLength + 1),
      'length less than or equal to',
      String(shape.maxLength),
    )
  }
  if (item !== undefined) collect({ ...place, path: [...path, 0], at: `${at}.1.member`, shape: shape.member! })
}

/** Entries of maps are named by the map, since a key may be anything. */
function collectMap(place: Place, spoil: Spoil, stretch: Stretch): void {
  const { path, samples, shape } = place
  const [entry] = Object.entries((valueAt(samples, path) ?? {}) as Record<string, unknown>)
  if (entry === undefined) return
  const [key, value] = entry
  const entries = (size: number): unknown =>
    Object.fromEntries(Array.from({ length: size }, (_, n) => [`${key}${n}`, value]))
  const { maxLength } = shape
  if (maxLength !== undefined) {
    if (shape.key!.pattern === undefined && maxLength > 1) stretch(`has ${maxLength} entries`, entries(maxLength))
    spoil(`has ${maxLength + 1} entries`, entries(maxLength + 1), 'length less than or equal to', String(maxLength))
  }
  const ofKey: Spoil = (what, spoilt, ...says) => spoil(`has a key that ${what}`, { [String(spoilt)]: value }, ...says)
  const ofKeyStretched: Stretch = (what, long) => stretch(`has a key that ${what}`, { [String(long)]: value })
  const keys = { [shape.type]: key }
  collectText({ ...place, path: [shape.type], samples: keys, shape: shape.key! }, ofKey, ofKeyStretched)
  collect({ ...place, path: [...path, key], at: `${place.at}.*`, shape: shape.value! })
}

/** JSON of every other kind; a query and a path hold nothing but text. */
function wrongTypes({ type, in: where }: Shape): readonly (readonly [what: string, value: unknown])[] {
  if (where === 'path' || where === 'header') return []
  if (where === 'query') {
    return type === 'string' ? [] : ['x', '1.5', '1e3', '0x10', ' 1'].map((text) => [`"${text}"`, text] as const)
  }
  const kinds: readonly (readonly [kind: string, what: string, value: unknown])[] = [
    ['string', 'a text', 'text'],
    ['number', 'a number', 7],
    ['fraction', 'a fraction', 1.5],
    ['boolean', 'a boolean', true],
    ['list', 'a list', [[]]],
    ['map', 'an object', { a: {} }],
  ]
  const right: Readonly<Record<Shape['type'], readonly string[]>> = {
    string: ['string'],
    integer: ['number'],
    long: ['number'],
    boolean: ['boolean'],
    timestamp: ['number', 'fraction'],
    list: ['list'],
    map: ['map'],
    structure: ['map'],
  }
  return kinds.filter(([kind]) => !right[type].includes(kind)).map(([, what, value]) => [what, value] as const)
}

const isTop = (path: Path): boolean => path.length === 1

/** Patterns that allow two texts only leave nothing to stretch. */
const isClosed = ({ pattern }: Shape): boolean => pattern === '^(un)?authenticated$'

function padded(sample: string, length: number, { pattern }: Shape): string {
  for (const pad of ['a', '0']) {
    const text = sample.padEnd(length, pad).slice(0, length)
    if (pattern === undefined || regExp(pattern).test(text)) return text
  }
  throw new Error(`"${sample}" cannot be stretched to ${length} characters of ${pattern}`)
}

function mismatch(sample: string, pattern: string): string {
  const marks = ['!', ' ', '\u0001', '\u20ac']
  const spoilt = marks.flatMap((mark) => [`${sample.slice(0, -1)}${mark}`, `${mark}${sample.slice(1)}`])
  const text = spoilt.find((candidate) => !regExp(pattern).test(candidate))
  if (text === undefined) throw new Error(`nothing found that does not match ${pattern}`)
  return text
}

function regExp(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u')
  } catch {
    return new RegExp(pattern)
  }
}

/** What a message should say and does not: the member, and its constraint. */
export function unsaid(message: unknown, { at, says }: Pick<Spoilt, 'at' | 'says'>): readonly string[] {
  const [top = '', ...below] = at.split('.*')
  return [`'${top}`, ...below, ...says].filter((words) => !String(message).includes(words))
}

export function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>((held, step) => (held as Record<string | number, unknown> | undefined)?.[step], input)
}

/** The input with the sample of the top member, where it has none or the path leads below it. */
function withSample({ path, samples }: Place, input: Input): Input {
  const [top] = path as readonly [string]
  return isTop(path) || valueAt(input, path) !== undefined ? input : { ...input, [top]: samples[top] }
}

function replaced<T>(held: T, [step, ...rest]: Path, value: unknown): T {
  if (step === undefined) return value as T
  const copy = (Array.isArray(held) ? [...(held as unknown[])] : { ...held }) as Record<string | number, unknown>
  const inner = replaced(copy[step], rest, value)
  if (inner === undefined) delete copy[step]
  else copy[step] = inner
  return copy as T
}

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)
