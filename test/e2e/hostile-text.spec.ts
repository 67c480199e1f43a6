import { aGuest } from '../support/a-pool.js'
import { unharmedServer } from '../support/unharmed-server.js'
import { okOf, replace } from '../support/wire-client.js'

const { on, expectUnharmed, expectCleanLog } = unharmedServer()

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
    const somebody = await aGuest(on.server, on.me.pool)
    await somebody.device.write('hard', ...hard.map((text) => replace(text, `v${text}`)))
    const { Records } = await somebody.device.list('hard')
    expect(new Map(Records.map(({ Key, Value }) => [Key, Value]))).toEqual(
      new Map(hard.map((text) => [text, `v${text}`])),
    )
    const bytes = hard.reduce((sum, text) => sum + 2 * Buffer.byteLength(text) + 1, 0)
    expect(await somebody.device.usage()).toMatchObject({ DataStorage: bytes })
    await on.admin.identity.deleteIdentities({ IdentityIdsToDelete: [somebody.identity] })
  })

  test('[T4] the identity face takes __proto__ as a tag’s and a user’s name', async () => {
    const made = await on.admin.wire.identity(
      'CreateIdentityPool',
      '{"IdentityPoolName":"odd","AllowUnauthenticatedIdentities":false,"DeveloperProviderName":"__proto__",' +
        '"IdentityPoolTags":{"__proto__":"a","constructor":"b"}}',
    )
    const { IdentityPoolId, IdentityPoolTags } = okOf(made) as { IdentityPoolId: string; IdentityPoolTags: object }
    expect(Object.entries(IdentityPoolTags).sort()).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
    const signedIn = await on.admin.wire.identity(
      'GetOpenIdTokenForDeveloperIdentity',
      `{"IdentityPoolId":"${IdentityPoolId}","Logins":{"__proto__":"constructor"}}`,
    )
    expect(okOf(signedIn)).toMatchObject({ Token: expect.any(String) })
    await on.admin.identity.deleteIdentityPool({ IdentityPoolId })
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
    const answer = await on.admin.wire.identity('CreateIdentityPool', body)
    expect(answer.status).toBe(400)
    expect(answer.headers['x-amzn-errortype']).toBe('SerializationException:')
    expect(answer.json()).toEqual({ __type: 'SerializationException', message: expect.stringMatching(says) })
    await expectUnharmed()
  })
})

test('after all of it the log has no fatal line and no defect', async () => {
  await expectCleanLog(20)
})
