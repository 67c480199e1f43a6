import { violationMessage } from '../violation.js'
import { parseConnectRequest, parseRenewRequest } from './connect.js'
import { parseSyncRequest } from './sync.js'
import { many, pull, push, replace, sync, watched } from './testing/sent-messages.js'
import { parseWatchRequest } from './watch.js'
import { parseWireError } from './wire-answer.js'

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

test('a message is taken as it is, without a copy', () => {
  const sent = sync(push(many(1_024, (i) => replace(`k${i}`))))
  const found = parseSyncRequest(sent)
  expect(found.ok && found.value).toBe(sent)
})
