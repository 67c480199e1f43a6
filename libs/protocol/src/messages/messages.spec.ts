import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { PROTOCOL_VERSION } from './protocol-version.js'
import type { Limits } from '../limits.js'
import type { RecordPatch, SyncRecord } from '../record.js'
import { violationMessage, type Parsed } from '../violation.js'
import { parseConnectRequest, parseHello, parseRenewRequest } from './connect.js'
import type { ConnectRequest, Hello, RenewRequest } from './connect.js'
import { CLIENT_MESSAGES, SERVER_MESSAGES } from './events.js'
import { parseSyncAnswer, parseSyncRequest } from './sync.js'
import type {
  BatchOutcome,
  Changes,
  DatasetAnswer,
  DatasetExchange,
  NumberedBatch,
  SyncAnswer,
  SyncRequest,
} from './sync.js'
import { parseChanged, parseWatchAnswer, parseWatchRequest } from './watch.js'
import type { Changed, WatchAnswer, WatchedDataset, WatchRequest } from './watch.js'
import { parseWireAnswer, parseWireError } from './wire-answer.js'
import type { WireAnswer, WireError } from './wire-answer.js'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
type Examples = Record<keyof typeof parsers, Record<string, Json>>

const parsers = {
  ConnectRequest: parseConnectRequest,
  Hello: parseHello,
  RenewRequest: parseRenewRequest,
  SyncRequest: parseSyncRequest,
  SyncAnswer: parseSyncAnswer,
  WatchRequest: parseWatchRequest,
  WatchAnswer: parseWatchAnswer,
  Changed: parseChanged,
  WireError: parseWireError,
  WireAnswer: (sent: unknown) => parseWireAnswer(sent, parseWatchAnswer),
} satisfies Record<string, (sent: unknown) => Parsed<unknown>>

const examples = JSON.parse(readFileSync(new URL('testing/examples.json', import.meta.url), 'utf8')) as Examples

const recorded = Object.entries(examples).flatMap(([message, variants]) =>
  Object.entries(variants).map(([variant, sent]) => ({
    message,
    variant,
    sent,
    parse: parsers[message as keyof typeof parsers],
  })),
)

/** A union's variants one by one: the members that each of them has. */
type MembersOf<T> = T extends unknown ? Record<keyof T, string> : never
type Outcome<Name extends BatchOutcome['outcome']> = MembersOf<Extract<BatchOutcome, { outcome: Name }>>
type Patch<Op extends RecordPatch['op']> = MembersOf<Extract<RecordPatch, { op: Op }>>

const record = {
  key: 'text',
  value: 'null|text',
  syncCount: 'number',
  modifiedAt: 'number',
  modifiedBy: 'text',
  deviceModifiedAt: 'null|number',
} satisfies MembersOf<SyncRecord>

const changed = {
  dataset: 'text',
  epoch: 'number',
  base: 'number',
  through: 'number',
  records: 'list|null',
} satisfies MembersOf<Changed>

const wireError = { code: 'text', message: 'text', retryAfterMs: 'null|number' } satisfies MembersOf<WireError>

/**
 * The wire, member by member. Whoever changes a line changes the protocol: a new version, docs/PROTOCOL.md, and
 * servers that still speak the old one.
 */
const wire = {
  ConnectRequest: { protocols: 'list', token: 'text' } satisfies MembersOf<ConnectRequest>,
  Hello: {
    protocol: 'number',
    pool: 'text',
    identity: 'text',
    expiresAt: 'number',
    serverTime: 'number',
    limits: 'object',
  } satisfies MembersOf<Hello>,
  'Hello.limits': {
    recordsPerDatasetMax: 'number',
    bytesPerDatasetMax: 'number',
    datasetsPerIdentityMax: 'number',
    bytesPerIdentityMax: 'number',
  } satisfies MembersOf<Limits>,
  RenewRequest: { token: 'text' } satisfies MembersOf<RenewRequest>,
  SyncRequest: { device: 'text', datasets: 'list' } satisfies MembersOf<SyncRequest>,
  'SyncRequest.datasets': {
    dataset: 'text',
    epoch: 'number',
    since: 'number',
    page: 'null|text',
    batch: 'null|object',
  } satisfies MembersOf<DatasetExchange>,
  'SyncRequest.datasets.batch': { number: 'number', patches: 'list' } satisfies MembersOf<NumberedBatch>,
  'SyncRequest.datasets.batch.patches:replace': {
    op: 'text',
    key: 'text',
    value: 'text',
    base: 'number',
    deviceModifiedAt: 'null|number',
  } satisfies Patch<'replace'>,
  'SyncRequest.datasets.batch.patches:remove': {
    op: 'text',
    key: 'text',
    base: 'number',
    deviceModifiedAt: 'null|number',
  } satisfies Patch<'remove'>,
  SyncAnswer: { datasets: 'list' } satisfies MembersOf<SyncAnswer>,
  'SyncAnswer.datasets': {
    dataset: 'text',
    batch: 'null|object',
    changes: 'null|object',
  } satisfies MembersOf<DatasetAnswer>,
  'SyncAnswer.datasets.batch:accepted': {
    outcome: 'text',
    syncCount: 'number',
    at: 'number',
    by: 'text',
  } satisfies Outcome<'accepted'>,
  'SyncAnswer.datasets.batch:conflict': {
    outcome: 'text',
    key: 'text',
    held: 'number',
    base: 'number',
  } satisfies Outcome<'conflict'>,
  'SyncAnswer.datasets.batch:number-used': { outcome: 'text', last: 'number' } satisfies Outcome<'number-used'>,
  'SyncAnswer.datasets.batch:refused': {
    outcome: 'text',
    code: 'text',
    message: 'text',
  } satisfies Outcome<'refused'>,
  'SyncAnswer.datasets.changes': {
    epoch: 'number',
    exists: 'flag',
    snapshot: 'flag',
    through: 'number',
    records: 'list',
    next: 'null|text',
  } satisfies MembersOf<Changes>,
  'SyncAnswer.datasets.changes.records': record,
  WatchRequest: { datasets: 'list' } satisfies MembersOf<WatchRequest>,
  'WatchRequest.datasets': { dataset: 'text', epoch: 'number', since: 'number' } satisfies MembersOf<WatchedDataset>,
  WatchAnswer: { changed: 'list' } satisfies MembersOf<WatchAnswer>,
  'WatchAnswer.changed': changed,
  'WatchAnswer.changed.records': record,
  Changed: changed,
  'Changed.records': record,
  WireError: wireError,
  'WireAnswer:true': { ok: 'flag', answer: 'object' } satisfies MembersOf<Extract<WireAnswer<unknown>, { ok: true }>>,
  'WireAnswer:true.answer': { changed: 'list' } satisfies MembersOf<WatchAnswer>,
  'WireAnswer:false': { ok: 'flag', error: 'object' } satisfies MembersOf<Extract<WireAnswer<unknown>, { ok: false }>>,
  'WireAnswer:false.error': wireError,
}

test('[NB1] the version, the names of the messages and every member of each are what was recorded', () => {
  const found: Record<string, Record<string, string>> = {}
  for (const { message, sent } of recorded) note(found, message, sent)
  expect(found).toEqual(wire)
  expect(PROTOCOL_VERSION).toBe(1)
  expect(CLIENT_MESSAGES).toEqual(['sync', 'watch', 'renew'])
  expect(SERVER_MESSAGES).toEqual(['hello', 'changed', 'closing'])
})

test.each(recorded)('[NB1] $message, $variant: is taken as it was recorded', ({ parse, sent }) => {
  expect(parse(sent)).toEqual({ ok: true, value: sent })
})

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

const many = (count: number, one: (index: number) => Json): Json[] => Array.from({ length: count }, (_, i) => one(i))
const pull = (dataset: string) => ({ dataset, epoch: 0, since: 0, page: null, batch: null })
const push = (patches: Json[]) => ({ ...pull('settings'), batch: { number: 1, patches } })
const replace = (key: string, value: Json = 'v') => ({ op: 'replace', key, value, base: 0, deviceModifiedAt: null })
const sync = (...datasets: Json[]) => ({ device: 'phone', datasets })
const watched = (dataset: string) => ({ dataset, epoch: 0, since: 0 })

test.each([
  ['64 datasets of a sync', parseSyncRequest, sync(...many(64, (i) => pull(`d${i}`)))],
  ['64 datasets of a watch', parseWatchRequest, { datasets: many(64, (i) => watched(`d${i}`)) }],
  ['1,024 patches', parseSyncRequest, sync(push(many(1_024, (i) => replace(`k${i}`))))],
  ['a value of 1,048,575 characters', parseSyncRequest, sync(push([replace('k', 'v'.repeat(1_048_575))]))],
  ['a page token of 8,192', parseSyncRequest, sync({ ...pull('d'), page: 'p'.repeat(8_192) })],
  ['a token of 16,384', parseConnectRequest, { protocols: [1], token: 't'.repeat(16_384) }],
  ['16 versions', parseConnectRequest, { protocols: many(16, (i) => i + 1), token: 't' }],
] as const)('[NB3] %s are taken', (_, parse, sent) => {
  expect(parse(sent).ok).toBe(true)
})

test.each([
  ['65 datasets', parseSyncRequest, sync(...many(65, (i) => pull(`d${i}`))), "at 'datasets' failed", 'or equal to 64'],
  [
    '65 watched datasets',
    parseWatchRequest,
    { datasets: many(65, (i) => watched(`d${i}`)) },
    "at 'datasets' failed",
    'or equal to 64',
  ],
  ['a dataset twice', parseSyncRequest, sync(pull('d'), pull('e'), pull('d')), "'d' at 'datasets.3.dataset'", 'once'],
  [
    '1,025 patches',
    parseSyncRequest,
    sync(push(many(1_025, (i) => replace(`k${i}`)))),
    "at 'datasets.1.batch.patches' failed",
    'or equal to 1024',
  ],
  ['no patches', parseSyncRequest, sync(push([])), "at 'datasets.1.batch.patches' failed", 'or equal to 1'],
  [
    'a key twice',
    parseSyncRequest,
    sync(push([replace('theme'), replace('theme')])),
    "'theme' at 'datasets.1.batch.patches.2.key'",
    'once',
  ],
  [
    'a batch beside a page',
    parseSyncRequest,
    sync({ ...push([replace('theme')]), page: 'p' }),
    "at 'datasets.1.batch' failed",
    'null with a page',
  ],
  [
    'a number that JavaScript cannot tell from its neighbour',
    parseSyncRequest,
    sync({ ...pull('d'), since: 2 ** 53 }),
    "'9007199254740992' at 'datasets.1.since'",
    'less than or equal to 9007199254740991',
  ],
  ['17 versions', parseConnectRequest, { protocols: many(17, (i) => i), token: 't' }, "at 'protocols'", 'equal to 16'],
  ['an endless token', parseConnectRequest, { protocols: [1], token: 't'.repeat(16_385) }, "at 'token'", '16384'],
  ['an unknown op', parseSyncRequest, sync(push([{ ...replace('k'), op: 'upsert' }])), 'patches.1.op', '[replace, rem'],
  ['no object', parseSyncRequest, [], "at 'message'", 'must be an object'],
  ['nothing', parseSyncRequest, undefined, "at 'message'", 'must not be null'],
] as const)('[NB3] %s: refused by path and limit', (_, parse, sent, path, limit) => {
  const found = parse(sent)
  const words = found.ok ? '' : violationMessage([found.violation])
  expect(words).toContain(path)
  expect(words).toContain(limit)
})

test.each([
  ['a value', parseSyncRequest, sync(push([replace('k', 'my secret diary\u0000')]))],
  ['something in the place of a value', parseSyncRequest, sync(push([replace('k', ['my secret diary'])]))],
  ['a page token', parseSyncRequest, sync({ ...pull('d'), page: 'my secret diary\u0000' })],
  ['a token', parseRenewRequest, { token: 'my secret diary\u0000' }],
  ['a member of its own naming', parseRenewRequest, { token: 't', 'my secret diary': 'my secret diary' }],
  ['something in the place of a list', parseSyncRequest, { device: 'd', datasets: 'my secret diary' }],
  ['something in the place of an object', parseSyncRequest, sync('my secret diary')],
  ['something in the place of a code', parseWireError, { code: 'my secret diary', message: '', retryAfterMs: null }],
] as const)('[NB4] a refusal never repeats %s', (_, parse, sent) => {
  const found = parse(sent)
  expect(found.ok).toBe(false)
  expect(JSON.stringify(found)).not.toContain('diary')
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

test('a message is taken as it is, without a copy', () => {
  const sent = sync(push(many(1_024, (i) => replace(`k${i}`))))
  const found = parseSyncRequest(sent)
  expect(found.ok && found.value).toBe(sent)
})

/** Notes which members of which types the examples have, place by place. */
function note(found: Record<string, Record<string, string>>, place: string, sent: Json): void {
  if (Array.isArray(sent)) return sent.forEach((item) => note(found, place, item))
  if (typeof sent !== 'object' || sent === null) return
  const tag = sent['op'] ?? sent['outcome'] ?? sent['ok']
  const here = typeof tag === 'string' || typeof tag === 'boolean' ? `${place}:${tag}` : place
  const members = (found[here] ??= {})
  for (const [name, value] of Object.entries(sent)) {
    const types = new Set([...(members[name]?.split('|') ?? []), typeOf(value)])
    members[name] = [...types].sort().join('|')
    note(found, `${here}.${name}`, value)
  }
}

function typeOf(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'list'
  return { string: 'text', boolean: 'flag' }[typeof value as string] ?? typeof value
}

/** What a parser may well take in another's place. */
function fits(stranger: Json, was: Json, name: string): boolean {
  if (JSON.stringify(stranger) === JSON.stringify(was)) return true
  const emptyList = Array.isArray(stranger) && stranger.length === 0
  if (emptyList) return name === 'records' || (Array.isArray(was) && name !== 'protocols' && name !== 'patches')
  if (stranger === -1) return name === 'deviceModifiedAt'
  if (stranger === true) return typeof was === 'boolean' && name !== 'ok'
  return false
}

function without(object: Record<string, Json>, name: string): Record<string, Json> {
  const { [name]: _, ...rest } = object
  return rest
}

type Path = readonly (string | number)[]

function objectsIn(json: Json, path: Path = []): Path[] {
  if (typeof json !== 'object' || json === null) return []
  const inner = Object.entries(json).flatMap(([name, value]) => objectsIn(value, [...path, name]))
  return Array.isArray(json) ? inner : [path, ...inner]
}

const objectAt = (json: Json, path: Path): Record<string, Json> =>
  path.reduce<Json>((at, step) => (at as Record<string, Json>)[step] as Json, json) as Record<string, Json>

function altered(json: Json, path: Path, change: (object: Record<string, Json>) => Record<string, Json>): Json {
  const [step, ...rest] = path
  if (step === undefined) return change(json as Record<string, Json>)
  if (Array.isArray(json)) return json.map((item, index) => (`${index}` === step ? altered(item, rest, change) : item))
  const object = json as Record<string, Json>
  return { ...object, [step]: altered(object[step] as Json, rest, change) }
}
