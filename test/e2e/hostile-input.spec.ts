import { gzipSync } from 'node:zlib'
import { aGuest, adminOf, aPool, type Somebody } from '../support/a-pool.js'
import { exchange, rawExchange, type Answer } from '../support/http-exchange.js'
import { startServer, type RunningServer } from '../support/start-server.js'
import { datasetPath, errorOf, okOf, replace } from '../support/wire-client.js'

/** Longest that an answer to anything hostile may take. */
const ANSWER_MS_MAX = 5_000

let server: RunningServer
let admin: ReturnType<typeof adminOf>
let me: Somebody

beforeAll(async () => {
  server = await startServer()
  admin = adminOf(server)
  me = await aGuest(server, await aPool(server))
  await me.device.write('settings', replace('kept', 'as it is'))
}, 60_000)

afterAll(() => server.stop())

/** The server lives, answers an ordinary request, and holds what it held before. */
async function expectUnharmed(): Promise<void> {
  const { Records, DatasetSyncCount } = await me.device.list('settings')
  expect(Records).toMatchObject([{ Key: 'kept', Value: 'as it is', SyncCount: 1 }])
  expect(DatasetSyncCount).toBe(1)
  expect(await me.device.usage()).toMatchObject({ DatasetCount: 1, DataStorage: 4 + 8 })
  const pools = await admin.identity.listIdentityPools({ MaxResults: 60 })
  expect(pools.IdentityPools).toHaveLength(1)
}

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
      const { SyncSessionToken } = await me.device.list('settings')
      const begun = performance.now()
      const answer = await me.device.wire.sendJson(datasetPath(me, 'settings'), body(SyncSessionToken))
      expect(performance.now() - begun).toBeLessThan(ANSWER_MS_MAX)
      expect(errorOf(answer)).toEqual({ status, type, message: expect.stringMatching(says) })
      expect(answer.text.length).toBeLessThan(1_000)
      await expectUnharmed()
    },
  )

  test('[P5] a value is never repeated in a message', async () => {
    const secret = 'canary-7f3a'
    const { SyncSessionToken } = await me.device.list('settings')
    for (const Value of [`${secret}\u0000`, { secret }, [secret]]) {
      const answer = await me.device.updateRaw('settings', SyncSessionToken, [
        { Op: 'replace', Key: 'a', Value, SyncCount: 0 },
      ])
      expect(answer.status).toBe(400)
      expect(answer.text).not.toContain(secret)
    }
  })

  test('[H9] a compressed body is refused, not inflated', async () => {
    const body = gzipSync(Buffer.alloc(50_000_000))
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const answer = await me.device.wire.send({ method: 'POST', target: datasetPath(me, 'settings'), headers, body })
    expect(errorOf(answer)).toEqual({
      status: 400,
      type: 'SerializationException',
      message: expect.stringContaining('Content-Encoding'),
    })
    await expectUnharmed()
  })

  test('[H10] a GET with a body is refused', async () => {
    const target = `${datasetPath(me, 'settings')}/records`
    const answer = await me.device.wire.send({ method: 'GET', target, body: '{}' })
    expect(errorOf(answer)).toMatchObject({ status: 400, type: 'InvalidParameterException' })
    await expectUnharmed()
  })
})

describe('text is kept as it is sent', () => {
  const hard = [
    '__proto__',
    'constructor',
    'prototype',
    'hasOwnProperty',
    'toString',
    '__defineGetter__',
    'é',
    'e\u0301',
    '\uffff',
    '\ud83d\ude00',
    '\u0001',
    '\u2028',
    "'; DROP TABLE record; --",
    '%_\\',
    ' ',
    '\r\n',
    'x'.repeat(1_024),
    '\u{1f600}'.repeat(512),
  ]

  test('[T1] [T4] hard keys and values come back to the letter, each under its own key', async () => {
    const somebody = await aGuest(server, me.pool)
    await somebody.device.write('hard', ...hard.map((text) => replace(text, `v${text}`)))
    const { Records } = await somebody.device.list('hard')
    expect(new Map(Records.map(({ Key, Value }) => [Key, Value]))).toEqual(
      new Map(hard.map((text) => [text, `v${text}`])),
    )
    const bytes = hard.reduce((sum, text) => sum + 2 * Buffer.byteLength(text) + 1, 0)
    expect(await somebody.device.usage()).toMatchObject({ DataStorage: bytes })
    await admin.identity.deleteIdentities({ IdentityIdsToDelete: [somebody.identity] })
  })

  test('[T4] the identity face takes __proto__ as a tag’s and a user’s name', async () => {
    const made = await admin.wire.identity(
      'CreateIdentityPool',
      '{"IdentityPoolName":"odd","AllowUnauthenticatedIdentities":false,"DeveloperProviderName":"__proto__",' +
        '"IdentityPoolTags":{"__proto__":"a","constructor":"b"}}',
    )
    const { IdentityPoolId, IdentityPoolTags } = okOf(made) as { IdentityPoolId: string; IdentityPoolTags: object }
    expect(Object.entries(IdentityPoolTags).sort()).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
    const signedIn = await admin.wire.identity(
      'GetOpenIdTokenForDeveloperIdentity',
      `{"IdentityPoolId":"${IdentityPoolId}","Logins":{"__proto__":"constructor"}}`,
    )
    expect(okOf(signedIn)).toMatchObject({ Token: expect.any(String) })
    await admin.identity.deleteIdentityPool({ IdentityPoolId })
    await expectUnharmed()
  })
})

describe('the identity face refuses in its own form', () => {
  const cases: readonly (readonly [name: string, body: string | Buffer, says: RegExp])[] = [
    ['no JSON', 'x', /not valid JSON/],
    ['a list', '[]', /must be a JSON object/],
    ['a member twice', '{"IdentityPoolName":"a","IdentityPoolName":"b"}', /occurs twice/],
    ['deep nesting', '['.repeat(50_000), /nested deeper/],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), /not valid UTF-8/],
    ['a tag twice', '{"IdentityPoolTags":{"a":"1","a":"2"}}', /"a" occurs twice/],
  ]

  test.each(cases)('[F2] [H1] %s', async (_, body, says) => {
    const answer = await admin.wire.identity('CreateIdentityPool', body)
    expect(answer.status).toBe(400)
    expect(answer.headers['x-amzn-errortype']).toBe('SerializationException:')
    expect(answer.json()).toEqual({ __type: 'SerializationException', message: expect.stringMatching(says) })
    await expectUnharmed()
  })
})

describe('what is not, or not quite, HTTP', () => {
  const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1])
  const send = (bytes: string | Buffer, end = false) =>
    rawExchange(server.url, (socket) => (end ? socket.end(bytes) : socket.write(bytes)), { withinMs: ANSWER_MS_MAX })

  const broken: Readonly<Record<string, string | Buffer>> = {
    'no HTTP at all': '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003\r\n\r\n',
    'another version': 'GET / HTTP/9.9\r\nHost: x\r\n\r\n',
    'a header without a colon': 'GET / HTTP/1.1\r\nHost: x\r\nno colon here\r\n\r\n',
    'a header with a NUL': 'GET / HTTP/1.1\r\nHost: x\r\na: b\u0000c\r\n\r\n',
    'a space before the colon': 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length : 3\r\n\r\n',
    'two lengths': 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
    'a length and chunks':
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'a length that is none': 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    'a chunk size that is none': 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'no Host': 'GET /identitypools HTTP/1.1\r\nConnection: close\r\n\r\n',
    '10,000 headers': `GET / HTTP/1.1\r\nHost: x\r\n${'a: b\r\n'.repeat(10_000)}\r\n`,
    'a header of a megabyte': `GET / HTTP/1.1\r\nHost: x\r\na: ${'b'.repeat(1_000_000)}\r\n\r\n`,
    'a target of a megabyte': `GET /${'a'.repeat(1_000_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    'a method that nobody knows': 'BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n',
  }

  test.each(Object.entries(broken))(
    '[H8] %s is answered by an error and the connection is closed',
    async (_, bytes) => {
      const { text } = await send(bytes)
      expect(statusOf(text)).toBeGreaterThanOrEqual(400)
      expect(statusOf(text)).toBeLessThan(500)
      const [head = '', body = ''] = text.split('\r\n\r\n')
      expect(head).toMatch(/x-amzn-errortype: \w+Exception/i)
      expect(JSON.parse(body)).toMatchObject({ __type: expect.any(String), message: expect.any(String) })
      await expectUnharmed()
    },
  )

  test.each([
    ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n'],
    ['TRACE', 'TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    ['an upgrade', 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n'],
    [
      'an expectation',
      'POST / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    ],
  ])('%s comes to nothing', async (_, bytes) => {
    const { text } = await send(bytes)
    if (text !== '') {
      expect(statusOf(text)).toBeGreaterThanOrEqual(400)
      expect(statusOf(text)).toBeLessThan(500)
    }
    await expectUnharmed()
  })

  /** A signed update as bytes, with its body left to be spoilt. */
  async function signedUpdate(): Promise<Readonly<{ head: string; body: string }>> {
    const { SyncSessionToken } = await me.device.list('settings')
    const body = JSON.stringify({ SyncSessionToken, RecordPatches: [replace('spliced', 'x')] })
    const outgoing = { method: 'POST', target: datasetPath(me, 'settings'), body }
    const { headers, target } = me.device.wire.signed(outgoing)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    return { head: `POST ${target} HTTP/1.1\r\n${lines.join('')}`, body }
  }

  test('a signed body that is cut off within its length is never believed', async () => {
    const { head, body } = await signedUpdate()
    for (const cut of [0, 1, body.length >> 1, body.length - 1]) {
      await send(`${head}Content-Length: ${body.length}\r\n\r\n${body.slice(0, cut)}`, true)
    }
    await expectUnharmed()
  })

  test('signed chunks that are cut off are never believed', async () => {
    const { head, body } = await signedUpdate()
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n`
    for (const cut of [0, 1, chunk.length - 3, chunk.length]) {
      await send(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk.slice(0, cut)}`, true)
    }
    await expectUnharmed()
  })

  test('a length shorter than the body cuts it, so the signature no longer holds', async () => {
    const { head, body } = await signedUpdate()
    const { text } = await send(`${head}Content-Length: ${body.length - 1}\r\nConnection: close\r\n\r\n${body}`)
    expect(text).not.toContain(' 200 ')
    await expectUnharmed()
  })

  test('fifty pipelined requests get fifty answers, in order', async () => {
    const paths = Array.from({ length: 50 }, (_, n) => (n % 2 === 0 ? '/health/live' : '/nothing'))
    const requests = paths.map(
      (path, n) => `GET ${path} HTTP/1.1\r\nHost: x\r\n${n === 49 ? 'Connection: close\r\n' : ''}\r\n`,
    )
    const { text } = await send(requests.join(''))
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
    expect(statuses).toEqual(paths.map((path) => (path === '/nothing' ? 404 : 200)))
    await expectUnharmed()
  })

  test('an ordinary request is answered at once while 500 senders dawdle', async () => {
    const { head, body } = await signedUpdate()
    const dawdlers: Promise<unknown>[] = []
    const open: { destroy: () => void }[] = []
    for (let n = 0; n < 500; n++) {
      const begun = n % 2 === 0 ? head.slice(0, 40) : `${head}Content-Length: ${body.length}\r\n\r\n${body.slice(0, 9)}`
      dawdlers.push(
        rawExchange(server.url, (socket) => {
          open.push(socket)
          socket.write(begun)
        }),
      )
    }
    const answers: Answer[] = []
    const begun = performance.now()
    for (let n = 0; n < 20; n++) answers.push(await exchange(server.url, { target: '/health/live' }))
    expect(performance.now() - begun).toBeLessThan(ANSWER_MS_MAX)
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    for (const socket of open) socket.destroy()
    await Promise.all(dawdlers)
    await expectUnharmed()
  }, 30_000)
})

test('after all of it the log has no fatal line and no defect', async () => {
  const levels = (await server.log()).map(({ level }) => level)
  expect(levels.length).toBeGreaterThan(100)
  expect(levels.filter((level) => level === 'error' || level === 'fatal')).toEqual([])
})
