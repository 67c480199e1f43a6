import { PROTOCOL_VERSION } from './protocol-version.js'
import type { Limits } from '../limits.js'
import type { RecordPatch, SyncRecord } from '../record.js'
import type { ConnectRequest, Hello, RenewRequest } from './connect.js'
import { CLIENT_MESSAGES, SERVER_MESSAGES } from './events.js'
import type {
  BatchOutcome,
  Changes,
  DatasetAnswer,
  DatasetExchange,
  NumberedBatch,
  SyncAnswer,
  SyncRequest,
} from './sync.js'
import { recorded, type Json } from './testing/recorded-messages.js'
import type { Changed, WatchAnswer, WatchedDataset, WatchRequest } from './watch.js'
import type { WireAnswer, WireError } from './wire-answer.js'

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
