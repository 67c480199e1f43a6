import { gzipSync } from 'node:zlib'
import { ANSWER_MS_MAX, unharmedServer } from '../support/unharmed-server.js'
import { datasetPath, errorOf, replace } from '../support/wire-client.js'

const { on, expectUnharmed, expectCleanLog } = unharmedServer()

const patch = (over: string): string => `{"Op":"replace","Key":"a","Value":"b","SyncCount":0${over}}`

type Refused = Readonly<{ body: (token: string) => string | Buffer; status?: number; type: string; says: RegExp }>

const SERIALIZATION = { type: 'SerializationException' }
const INVALID = { type: 'InvalidParameterException' }

/** The update with a piece of JSON in place of the patches. */
const withPatches = (patches: string) => (token: string) => `{"SyncSessionToken":"${token}","RecordPatches":${patches}}`

const bodies: Readonly<Record<string, Refused>> = {
  'a text that is no JSON': { body: () => 'SyncSessionToken=x', ...SERIALIZATION, says: /not valid JSON/ },
  'JSON that is cut off': {
    body: (token) => `{"SyncSessionToken":"${token}"`,
    ...SERIALIZATION,
    says: /not valid JSON/,
  },
  'a comma too many': { body: () => '{"SyncSessionToken":"x",}', ...SERIALIZATION, says: /not valid JSON/ },
  'two values': { body: () => '{}{}', ...SERIALIZATION, says: /not valid JSON/ },
  NaN: { body: withPatches(`[${patch(',"DeviceLastModifiedDate":NaN')}]`), ...SERIALIZATION, says: /not valid JSON/ },
  'a list': { body: () => '[]', ...SERIALIZATION, says: /must be a JSON object/ },
  null: { body: () => 'null', ...SERIALIZATION, says: /must be a JSON object/ },
  'a text': { body: () => '"x"', ...SERIALIZATION, says: /must be a JSON object/ },
  'a number': { body: () => '7', ...SERIALIZATION, says: /must be a JSON object/ },
  'lists in lists, 100,000 deep': { body: () => '['.repeat(100_000), ...SERIALIZATION, says: /nested deeper than \d+/ },
  'objects in objects, 100,000 deep': {
    body: () => `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    ...SERIALIZATION,
    says: /nested deeper than \d+/,
  },
  'nesting in a member that nobody reads': {
    body: (token) => `{"SyncSessionToken":"${token}","Other":${'['.repeat(1_000)}${']'.repeat(1_000)}}`,
    ...SERIALIZATION,
    says: /nested deeper than \d+/,
  },
  'a member twice': {
    body: (token) => `{"SyncSessionToken":"x","SyncSessionToken":"${token}","RecordPatches":[]}`,
    ...SERIALIZATION,
    says: /"SyncSessionToken" occurs twice/,
  },
  'a member twice, once in escapes': {
    body: (token) => `{"SyncSessionToken":"x","\\u0053yncSessionToken":"${token}","RecordPatches":[]}`,
    ...SERIALIZATION,
    says: /"SyncSessionToken" occurs twice/,
  },
  'a member of a patch twice': {
    body: withPatches(`[${patch(',"SyncCount":1')}]`),
    ...SERIALIZATION,
    says: /"SyncCount" occurs twice/,
  },
  'a number of a million digits': {
    body: withPatches(`[{"Op":"replace","Key":"a","Value":"b","SyncCount":${'9'.repeat(1_000_000)}}]`),
    ...SERIALIZATION,
    says: /number is longer than \d+/,
  },
  'a count beyond what doubles can hold': {
    body: withPatches('[{"Op":"replace","Key":"a","Value":"b","SyncCount":9007199254740993}]'),
    ...INVALID,
    says: /'recordPatches.1.member.syncCount'.*9007199254740991/,
  },
  'an endless number': {
    body: withPatches('[{"Op":"replace","Key":"a","Value":"b","SyncCount":1e999}]'),
    ...INVALID,
    says: /'recordPatches.1.member.syncCount'/,
  },
  'a negative count': {
    body: withPatches('[{"Op":"replace","Key":"a","Value":"b","SyncCount":-1}]'),
    ...INVALID,
    says: /'recordPatches.1.member.syncCount'/,
  },
  'a time beyond all calendars': {
    body: withPatches(`[${patch(',"DeviceLastModifiedDate":1e300')}]`),
    ...INVALID,
    says: /'recordPatches.1.member.deviceLastModifiedDate'/,
  },
  'bytes that are not UTF-8': {
    body: (token) => Buffer.from(withPatches(`[${patch('').replace('"b"', '"\u00ff\u00fe"')}]`)(token), 'latin1'),
    ...SERIALIZATION,
    says: /not valid UTF-8/,
  },
  'an overlong encoding': {
    body: (token) => Buffer.from(withPatches(`[${patch('').replace('"b"', '"\u00c0\u00af"')}]`)(token), 'latin1'),
    ...SERIALIZATION,
    says: /not valid UTF-8/,
  },
  'UTF-16': {
    body: (token) => Buffer.from(withPatches('[]')(token), 'utf16le'),
    ...SERIALIZATION,
    says: /not valid/,
  },
  'a byte order mark': {
    body: (token) => `\ufeff${withPatches('[]')(token)}`,
    ...SERIALIZATION,
    says: /byte order mark/,
  },
  'a lone surrogate in a value': {
    body: withPatches('[{"Op":"replace","Key":"a","Value":"\\ud800","SyncCount":0}]'),
    ...INVALID,
    says: /'recordPatches.1.member.value'.*surrogates/,
  },
  'a lone surrogate in a key': {
    body: withPatches('[{"Op":"replace","Key":"\\udc00","Value":"","SyncCount":0}]'),
    ...INVALID,
    says: /'recordPatches.1.member.key'.*surrogates/,
  },
  'a lone surrogate as UTF-8 would spell it': {
    body: (token) => Buffer.from(withPatches(`[${patch('').replace('"b"', '"\u00ed\u00a0\u0080"')}]`)(token), 'latin1'),
    ...SERIALIZATION,
    says: /not valid UTF-8/,
  },
  'NUL in a value': {
    body: withPatches('[{"Op":"replace","Key":"a","Value":"\\u0000","SyncCount":0}]'),
    ...INVALID,
    says: /'recordPatches.1.member.value'.*U\+0000/,
  },
  'NUL in a key': {
    body: withPatches('[{"Op":"replace","Key":"a\\u0000b","Value":"","SyncCount":0}]'),
    ...INVALID,
    says: /'recordPatches.1.member.key'.*U\+0000/,
  },
  'a raw NUL': { body: withPatches('["\u0000"]'), ...SERIALIZATION, says: /not valid JSON/ },
  'null for a patch': { body: withPatches('[null]'), ...INVALID, says: /'recordPatches.1.member'.*structure/ },
  'a text for a patch': { body: withPatches('["a"]'), ...INVALID, says: /'recordPatches.1.member'.*structure/ },
  'an object for the patches': { body: withPatches('{"length":1}'), ...INVALID, says: /'recordPatches'.*list/ },
  'one key twice': {
    body: withPatches(`[${patch('')},${patch('')}]`),
    ...INVALID,
    says: /'recordPatches.2.member.key'.*only once/,
  },
  '100,000 patches of one key': {
    body: withPatches(`[${Array.from({ length: 100_000 }, () => '{}').join()}]`),
    ...INVALID,
    says: /'recordPatches.1.member/,
  },
  'a million values': {
    body: withPatches(`[${'1,'.repeat(1_000_000)}1]`),
    ...SERIALIZATION,
    says: /more than \d+ values/,
  },
  '20,000 patches that are right': {
    body: (token) =>
      JSON.stringify({
        SyncSessionToken: token,
        RecordPatches: Array.from({ length: 20_000 }, (_, n) => replace(`k${n}`, '')),
      }),
    type: 'LimitExceededException',
    says: /20001 records.*1024/,
  },
  'a body of 20 MB': {
    body: withPatches(`["${'x'.repeat(20_000_000)}"]`),
    status: 413,
    type: 'RequestEntityTooLargeException',
    says: /larger than \d+ bytes/,
  },
  'a value of a megabyte too many': {
    body: withPatches(`[{"Op":"replace","Key":"a","Value":"${'x'.repeat(1_048_576)}","SyncCount":0}]`),
    ...INVALID,
    says: /'recordPatches.1.member.value'.*1048575/,
  },
  'a megabyte of three-byte characters': {
    body: withPatches(`[{"Op":"replace","Key":"a","Value":"${'\u4e00'.repeat(349_526)}","SyncCount":0}]`),
    type: 'LimitExceededException',
    says: /bytes.*1048576/,
  },
  'members named __proto__ and constructor': {
    body: (token) =>
      `{"__proto__":{"SyncSessionToken":"${token}"},"constructor":{"prototype":{"SyncSessionToken":"${token}"}}}`,
    ...INVALID,
    says: /'syncSessionToken'.*must not be null/,
  },
}

describe('UpdateRecords refuses and changes nothing', () => {
  test.each(Object.entries(bodies))(
    '[H1] [H3] [H4] [H5] [H6] [H7] [H13] [T3] %s',
    async (_, { body, status = 400, type, says }) => {
      const { SyncSessionToken } = await on.me.device.list('settings')
      const begun = performance.now()
      const answer = await on.me.device.wire.sendJson(datasetPath(on.me, 'settings'), body(SyncSessionToken))
      expect(performance.now() - begun).toBeLessThan(ANSWER_MS_MAX)
      expect(errorOf(answer)).toEqual({ status, type, message: expect.stringMatching(says) })
      expect(answer.text.length).toBeLessThan(1_000)
      await expectUnharmed()
    },
  )

  test('[P5] a value is never repeated in a message', async () => {
    const secret = 'canary-7f3a'
    const { SyncSessionToken } = await on.me.device.list('settings')
    for (const Value of [`${secret}\u0000`, { secret }, [secret]]) {
      const answer = await on.me.device.updateRaw('settings', SyncSessionToken, [
        { Op: 'replace', Key: 'a', Value, SyncCount: 0 },
      ])
      expect(answer.status).toBe(400)
      expect(answer.text).not.toContain(secret)
    }
  })

  test('[H9] a compressed body is refused, not inflated', async () => {
    const body = gzipSync(Buffer.alloc(50_000_000))
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const answer = await on.me.device.wire.send({
      method: 'POST',
      target: datasetPath(on.me, 'settings'),
      headers,
      body,
    })
    expect(errorOf(answer)).toEqual({
      status: 400,
      type: 'SerializationException',
      message: expect.stringContaining('Content-Encoding'),
    })
    await expectUnharmed()
  })

  test('[H10] a GET with a body is refused', async () => {
    const target = `${datasetPath(on.me, 'settings')}/records`
    const answer = await on.me.device.wire.send({ method: 'GET', target, body: '{}' })
    expect(errorOf(answer)).toMatchObject({ status: 400, type: 'InvalidParameterException' })
    await expectUnharmed()
  })
})

test('after all of it the log has no fatal line and no defect', async () => {
  await expectCleanLog(100)
})
