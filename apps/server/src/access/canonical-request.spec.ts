import { canonicalHeaders, canonicalPath, canonicalQuery, pathOf, queryOf } from './canonical-request.js'
import { readHeaders } from './request-headers.js'
import { isSignatureOf, sha256Hex, signingKey } from './signature.js'

test.each([
  ['/', '/'],
  ['/identitypools', '/identitypools'],
  ['/a%3Ab', '/a%253Ab'],
  ['/a:b', '/a%3Ab'],
  ['/a%2Fb', '/a%252Fb'],
  ['/a%2fb', '/a%252fb'],
  ['//a//', '//a//'],
  ['/a/../b/./c', '/a/../b/./c'],
  ['/a;b=c', '/a%3Bb%3Dc'],
  ['/a+b c', '/a%2Bb%20c'],
  ['/-._~', '/-._~'],
  ['/%', '/%25'],
  ['/\u00c3\u00a9', '/%C3%A9'], // two bytes of UTF-8, as Node hands them over
  ['/#x', '/%23x'],
])('[A4] the path %s is signed as %s', (path, signed) => {
  expect(canonicalPath(path)).toBe(signed)
})

test.each(['', 'identitypools', '*', 'http://localhost/identitypools'])('[A4] the target %j is refused', (path) => {
  expect(() => canonicalPath(path)).toThrow('must begin with a slash')
})

test('[A4] no two paths are signed alike', () => {
  const pieces = ['a', '/', '%', '2', 'F', 'f', ':', '.', '+', ' ', '~', '%2F', '%25']
  const paths = pieces.flatMap((x) => pieces.flatMap((y) => pieces.map((z) => `/${x}${y}${z}`)))
  const different = new Set(paths)
  expect(new Set([...different].map(canonicalPath)).size).toBe(different.size)
})

test.each([
  ['', ''],
  ['a', 'a='],
  ['a=', 'a='],
  ['=', '='],
  ['=b', '=b'],
  ['a&b', 'a=&b='],
  ['b=1&a=2', 'a=2&b=1'],
  ['a=2&a=10&a=1', 'a=1&a=10&a=2'],
  ['a=b=c', 'a=b%3Dc'],
  ['a=b+c', 'a=b%2Bc'], // no space
  ['a=b%20c', 'a=b%20c'],
  ['a=%7e%2d%41', 'a=~-A'],
  ['a=%3a', 'a=%3A'],
  ['a=:', 'a=%3A'],
  ['a=/', 'a=%2F'],
  ['a=%2', null],
  ['a=%zz', null],
  ['%=a', null],
  ['A=1&a=1&B=1', 'A=1&B=1&a=1'], // by code point, capitals first
  ['a-=1&a=2', 'a=2&a-=1'], // by name, not by the text with its equals sign
  ['%C3%A9=1&~=2&%F0%9F%98%80=3', '%C3%A9=1&%F0%9F%98%80=3&~=2'],
  ['a&&b', '=&a=&b='],
  ['a=?b', 'a=%3Fb'],
])('[A5] the query %j is signed as %j', (query, signed) => {
  if (signed === null) expect(() => canonicalQuery(query)).toThrow('two hexadecimal digits')
  else expect(canonicalQuery(query)).toBe(signed)
})

test.each(['X-Amz-Signature=0', 'x-amz-date=0', 'a=1&X-AMZ-Algorithm', '%58-Amz-Credential=1', 'x%2Damz%2Dexpires=1'])(
  '[A5] a presigned query, %s, is refused',
  (query) => {
    expect(() => canonicalQuery(query)).toThrow('presigned requests are not served')
  },
)

test('[A5] a target is cut at its first question mark', () => {
  expect([pathOf('/a?b?c'), queryOf('/a?b?c')]).toEqual(['/a', 'b?c'])
  expect([pathOf('/a'), queryOf('/a')]).toEqual(['/a', ''])
  expect([pathOf('/a?'), queryOf('/a?')]).toEqual(['/a', ''])
})

test('[A6] header values are signed without extra space, and repeated headers as one', () => {
  const headers = readHeaders(
    [
      ['Host', ' example.com  '],
      ['Accept', 'a,   b'],
      ['X-Amz-Date', '20260517T093000Z'],
      ['accept', '\tc \t d'],
      ['Empty', ''],
    ].flat(),
  )
  const lines = canonicalHeaders(headers, ['accept', 'empty', 'host', 'x-amz-date'])
  expect(lines).toBe('accept:a, b,c d\nempty:\nhost:example.com\nx-amz-date:20260517T093000Z\n')
})

test.each(['authorization', 'Host', 'DATE', 'content-type', 'x-amz-date', 'X-Amz-Security-Token', 'x-amz-anything'])(
  '[A6] the header %s sent twice is refused, even with one value',
  (name) => {
    expect(() => readHeaders([name, 'a', name.toLowerCase(), 'a'])).toThrow(
      `${name.toLowerCase()} is sent more than once`,
    )
  },
)

test('[A6] host and every x-amz header must be signed, but not what CloudFront adds', () => {
  const headers = readHeaders([
    'Host',
    'a',
    'X-Amz-Date',
    'b',
    'X-Amz-Target',
    'c',
    'X-Amz-Cf-Id',
    'd',
    'X-Amzn-Trace-Id',
    'e',
  ])
  expect(() => canonicalHeaders(headers, ['x-amz-date', 'x-amz-target'])).toThrow('the header host must be signed')
  expect(() => canonicalHeaders(headers, ['host', 'x-amz-date'])).toThrow('the header x-amz-target must be signed')
  expect(canonicalHeaders(headers, ['host', 'x-amz-date', 'x-amz-target'])).not.toContain('cf-id')
})

test('[A6] a header that is signed but not sent is refused by name', () => {
  expect(() => canonicalHeaders(readHeaders(['host', 'a']), ['host', 'range'])).toThrow('range is signed but not sent')
})

// The signatures that AWS publishes with its test suite and its documentation.
test.each([
  ['get-vanilla', 'GET', '', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['post-vanilla', 'POST', '', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'get-vanilla-query-order-key-case',
    'GET',
    'Param2=value2&Param1=value1',
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
])('[A2] the published example %s has its published signature', (_, method, query, signature) => {
  const headers = readHeaders(['Host', 'example.amazonaws.com', 'X-Amz-Date', '20150830T123600Z'])
  const lines = canonicalHeaders(headers, ['host', 'x-amz-date'])
  const canonicalRequest = `${method}\n/\n${canonicalQuery(query)}\n${lines}\nhost;x-amz-date\n${sha256Hex('')}`
  const scope = { date: '20150830', region: 'us-east-1', service: 'service' }
  const signed = {
    key: signingKey('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', scope),
    time: '20150830T123600Z',
    scope: '20150830/us-east-1/service/aws4_request',
    canonicalRequest,
  }
  expect(isSignatureOf(signed, signature)).toBe(true)
  expect(
    isSignatureOf(
      signed,
      signature.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')),
    ),
  ).toBe(false)
  expect(isSignatureOf(signed, signature.slice(2))).toBe(false) // unequal lengths are no defect
})
