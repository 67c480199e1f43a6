import { aGenuineRequest } from './testing/a-genuine-request.js'
import { handSigned, withHeader } from './testing/hand-signed.js'

const { access, credentials, request, expectAllRefused } = aGenuineRequest()

const PATHS = [
  '/a/b',
  '/a//b',
  '/a/b/',
  '/a/./b',
  '/a/c/../b',
  '/a%2Fb',
  '/a%2fb',
  '/a%252Fb',
  '/a:b',
  '/a%3Ab',
  '/a%3ab',
  '/a%253Ab',
  '/a;b',
  '/a+b',
  '/a%20b',
  '/a%2Bb',
  '/A/b',
  '//a/b',
]

test('[A4] a path signed is that path only', async () => {
  for (const path of PATHS) {
    const signed = handSigned({ path, credentials })
    expect([path, await access.verdict(signed)]).toEqual([path, 'accepted'])
    await expectAllRefused(PATHS.filter((other) => other !== path).map((target) => ({ ...signed, target })))
  }
})

// Each group spells one meaning in several ways; the first is canonical.
const QUERIES = [
  ['', ''],
  ['a=', 'a'],
  ['a=1', 'a=%31'],
  ['a=1&a=2', 'a=2&a=1'],
  ['a=1&b=2', 'b=2&a=1', '%61=1&b=2'],
  ['a=1%262', 'a=1%262'],
  ['a=%2B', 'a=+', 'a=%2b'],
  ['a=%20', 'a=%20'],
  ['a=%252B', 'a=%25%32B'],
  ['a=%252b', 'a=%252b'],
  ['=', '='],
  ['=&a=', '&a', 'a&'],
  ['a=&a=', 'a&a=', 'a=&a'],
  ['A=1', 'A=1'],
  ['a=b%3Dc', 'a=b=c'],
] as const

test('[A5] a query signed is that query only, however it is spelled', async () => {
  for (const group of QUERIES) {
    const signed = handSigned({ query: group[0], credentials })
    for (const spelled of QUERIES.flat()) {
      const sent = { ...signed, target: `/identitypools?${spelled}` }
      const isSame = (group as readonly string[]).includes(spelled)
      expect([group[0], spelled, await access.verdict(sent)]).toEqual([
        group[0],
        spelled,
        isSame ? 'accepted' : 'InvalidSignature',
      ])
    }
  }
})

test('[A6] SignedHeaders altered after signing are refused', async () => {
  const lists = [
    'host',
    'x-amz-date',
    'host;x-amz-date;x-amz-target',
    'x-amz-date;host',
    'Host;X-Amz-Date',
    '',
    'accept;host;x-amz-date',
  ]
  for (const list of lists) {
    const authorization = (header: string) => header.replace('host;x-amz-date', list)
    const forged = handSigned({ addedHeaders: ['accept', '*/*', 'x-amz-target', 'T'], authorization })
    expect(await access.verdict(forged)).not.toBe('accepted')
  }
})

test('[A6] space around and within header values may differ, words may not', async () => {
  for (const same of ['some context', ' some \t context ', 'some   context']) {
    expect(await access.verdict(withHeader(request, 'x-amz-client-context', same))).toBe('accepted')
  }
  await expectAllRefused(
    ['somecontext', 'some context,', 'some, context', 'Some context', 'some\u00a0context'].map((other) =>
      withHeader(request, 'x-amz-client-context', other),
    ),
  )
})

test('[A2] a POST cannot be sent as DELETE, nor a DELETE as POST', async () => {
  const post = handSigned({ method: 'POST', credentials })
  const remove = handSigned({ method: 'DELETE', credentials })
  expect(await access.verdict({ ...post, method: 'DELETE' })).toBe('InvalidSignature')
  expect(await access.verdict({ ...remove, method: 'POST' })).toBe('InvalidSignature')
})

test('[K3] a session token cut short or lengthened is refused', async () => {
  const { sessionToken } = credentials
  const tokens = [
    '',
    'A',
    sessionToken.slice(0, -1),
    sessionToken.slice(1),
    `${sessionToken}A`,
    `${sessionToken}=`,
    'A'.repeat(9000),
  ]
  await expectAllRefused(tokens.map((forged) => handSigned({ credentials: { ...credentials, sessionToken: forged } })))
})
