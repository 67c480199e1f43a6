import { createHash } from 'node:crypto'
import { ACCOUNT, AnAccess, REGION } from './testing/an-access.js'
import { handSigned, NOW, withHeader, withoutHeader, type Draft } from './testing/hand-signed.js'
import type { SignedRequest } from './verify-caller.js'

const access = new AnAccess()
const credentials = access.issue()
const sha256 = (body: Buffer): string => createHash('sha256').update(body).digest('hex')
const body = Buffer.from('{"SyncSessionToken":"A","RecordPatches":[]}')

const genuine: Draft = {
  method: 'POST',
  path: '/identitypools/eu-central-1%3A1/identities/eu-central-1%3A2/datasets/settings',
  query: 'a=&lastSyncCount=12&nextToken=x%3Ay%2Fz',
  headers: {
    'content-type': 'application/json',
    'x-amz-client-context': 'some  context',
    'x-amz-content-sha256': sha256(body),
    'x-amz-target': 'AWSCognitoSyncService.UpdateRecords',
  },
  body,
  credentials,
}
const request = handSigned(genuine)
const pairs = request.rawHeaders.flatMap((name, at) =>
  at % 2 === 0 ? [[name, request.rawHeaders[at + 1] ?? ''] as const] : [],
)

/** Every text that differs from the given one in one bit. */
function* flipped(text: string): Generator<string> {
  for (let at = 0; at < text.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      yield `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ (1 << bit))}${text.slice(at + 1)}`
    }
  }
}

/** What a query says, however it is spelled; null when it cannot be read. */
function meaning(target: string): string | null {
  const [path, ...query] = target.split('?')
  try {
    return JSON.stringify([path, decodeURIComponent(query.join('?')), query.join('?').split(/[&=]/).length])
  } catch {
    return null
  }
}

async function expectAllRefused(forged: Iterable<SignedRequest>): Promise<number> {
  let count = 0
  for (const one of forged) {
    const verdict = await access.verdict(one)
    if (verdict === 'accepted') throw new Error(`accepted: ${JSON.stringify(one)}`)
    count++
  }
  return count
}

test('[A2] the genuine request is accepted', async () => {
  expect(await access.verdict(request)).toBe('accepted')
})

test('[A2] no bit of the method can be flipped', async () => {
  await expectAllRefused([...flipped('POST')].map((method) => ({ ...request, method })))
})

test('[A4] [A5] no bit of path or query can be flipped, but for other spellings of the same query', async () => {
  const targets = [...flipped(request.target)].filter((target) => meaning(target) !== meaning(request.target))
  const count = await expectAllRefused(targets.map((target) => ({ ...request, target })))
  expect(count).toBeGreaterThan(request.target.length * 7)
})

test.each(pairs.filter(([name]) => name !== 'Authorization'))(
  '[A2] [A6] no bit of the header %s can be flipped',
  async (name, value) => {
    await expectAllRefused([...flipped(value)].map((forged) => withHeader(request, name, forged)))
    const renamed = [...flipped(name)].filter((forged) => forged.toLowerCase() !== name)
    await expectAllRefused(
      renamed.map((forged) => ({
        ...request,
        rawHeaders: request.rawHeaders.map((text) => (text === name ? forged : text)),
      })),
    )
    expect(await access.verdict(withoutHeader(request, name))).not.toBe('accepted')
  },
)

test('[A1] [A2] no bit of the Authorization header can be flipped', async () => {
  const header = pairs.find(([name]) => name === 'Authorization')?.[1] ?? ''
  const count = await expectAllRefused(
    [...flipped(header)].map((forged) => withHeader(request, 'Authorization', forged)),
  )
  expect(count).toBe(header.length * 8)
})

test('[A3] no bit of the body can be flipped, with a content hash or without', async () => {
  const bodies = [...flipped(body.toString('latin1'))].map((text) => Buffer.from(text, 'latin1'))
  await expectAllRefused(bodies.map((forged) => ({ ...request, body: forged })))
  await expectAllRefused(
    bodies.map((forged) => withHeader({ ...request, body: forged }, 'x-amz-content-sha256', sha256(forged))),
  )
  const unhashed = handSigned({ body, method: 'POST', credentials })
  expect(await access.verdict(unhashed)).toBe('accepted')
  await expectAllRefused(bodies.map((forged) => ({ ...unhashed, body: forged })))
  await expectAllRefused(
    [Buffer.alloc(0), Buffer.concat([body, body])].map((forged) => ({ ...unhashed, body: forged })),
  )
})

test.each([
  'UNSIGNED-PAYLOAD',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD',
  '',
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  sha256(body).toUpperCase(),
])('[A3] the content hash %j is refused, although it is signed', async (bodyHash) => {
  const forged = handSigned({
    method: 'POST',
    body,
    bodyHash,
    headers: { 'x-amz-content-sha256': bodyHash },
    credentials,
  })
  expect(await access.refusal(forged)).toMatchObject({
    code: 'InvalidSignature',
    message: 'the header x-amz-content-sha256 is not the SHA-256 of the body',
  })
})

test('[A3] a body hashed as UNSIGNED-PAYLOAD without saying so is refused', async () => {
  expect(await access.verdict(handSigned({ method: 'POST', body, bodyHash: 'UNSIGNED-PAYLOAD' }))).toBe(
    'InvalidSignature',
  )
})

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

test.each([
  ['sorted wrongly', { signedHeaderList: 'x-amz-date;host' }],
  ['in capitals', { signedHeaderList: 'HOST;x-amz-date' }],
  ['with a name twice', { signedHeaderList: 'host;host;x-amz-date' }],
  ['with an empty name', { signedHeaderList: ';host;x-amz-date' }],
  ['without host', { signedHeaders: ['x-amz-date'] }],
  ['without x-amz-date', { signedHeaders: ['host'] }],
  ['with a header that is not sent', { signedHeaders: ['host', 'range', 'x-amz-date'] }],
])('[A6] SignedHeaders %s are refused, although the signature is right for them', async (_, draft) => {
  expect(await access.verdict(handSigned(draft))).toBe('IncompleteSignature')
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

test.each([
  ['X-Amz-Target', 'AWSCognitoIdentityService.DeleteIdentityPool'],
  ['x-amz-client-context', 'forged'],
  ['X-AMZ-SECURITY-TOKEN', 'A'],
  ['x-amz-content-sha256', sha256(Buffer.alloc(0))],
  ['x-amz-date', NOW],
  ['x-amz-user-agent', 'forged'],
  ['x-amz-', 'forged'],
])('[A6] the header %s added behind the signature is refused', async (name, value) => {
  expect(await access.verdict(handSigned({ addedHeaders: [name, value] }))).toBe('IncompleteSignature')
})

test('[A6] a second host, Date or Authorization is refused', async () => {
  const again = request.rawHeaders[request.rawHeaders.indexOf('Authorization') + 1] ?? ''
  for (const addedHeaders of [
    ['Host', 'evil'],
    ['host', 'localhost:4680'],
    ['Authorization', again],
    ['authorization', 'x'],
  ]) {
    expect(await access.verdict(handSigned({ addedHeaders }))).toBe('IncompleteSignature')
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

const PRESIGNED =
  `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${ACCOUNT.accessKeyId}%2F20260517%2F${REGION}%2Fcognito-sync%2Faws4_request` +
  `&X-Amz-Date=${NOW}&X-Amz-Expires=900&X-Amz-Signature=${'0'.repeat(64)}&X-Amz-SignedHeaders=host`

test('[A5] credentials in the query are refused, alone and beside a genuine header', async () => {
  expect(await access.verdict(handSigned({ query: PRESIGNED, authorization: () => null }))).toBe('IncompleteSignature')
  expect(await access.verdict(handSigned({ query: PRESIGNED }))).toBe('IncompleteSignature')
  expect(await access.verdict(handSigned({ query: 'x-amz-security-token=A' }))).toBe('IncompleteSignature')
})

test.each([
  ['Signature Version 2', `AWS ${ACCOUNT.accessKeyId}:frJIUN8DYpKDtOLCwo//yllqDzg=`],
  ['Signature Version 3', `AWS3-HTTPS AWSAccessKeyId=${ACCOUNT.accessKeyId},Algorithm=HmacSHA256,Signature=x`],
  ['a bearer token', 'Bearer eyJhbGciOiJub25lIn0.e30.'],
  ['a password', 'Basic YWRtaW46YWRtaW4='],
])('[A1] %s is refused', async (_, header) => {
  expect(await access.verdict(handSigned({ authorization: () => header }))).toBe('IncompleteSignature')
})

test('[A1] another algorithm is refused, although the rest is right', async () => {
  for (const algorithm of ['AWS4-ECDSA-P256-SHA256', 'AWS4-HMAC-SHA512', 'AWS4-HMAC-SHA256-PAYLOAD']) {
    expect(await access.verdict(handSigned({ algorithm }))).toBe('IncompleteSignature')
  }
})

test('[A2] a POST cannot be sent as DELETE, nor a DELETE as POST', async () => {
  const post = handSigned({ method: 'POST', credentials })
  const remove = handSigned({ method: 'DELETE', credentials })
  expect(await access.verdict({ ...post, method: 'DELETE' })).toBe('InvalidSignature')
  expect(await access.verdict({ ...remove, method: 'POST' })).toBe('InvalidSignature')
})

test('[K3] no bit of a session token can be flipped, even where the forger signs again', async () => {
  const tokens = [...flipped(credentials.sessionToken)]
  await expectAllRefused(tokens.map((sessionToken) => handSigned({ credentials: { ...credentials, sessionToken } })))
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
