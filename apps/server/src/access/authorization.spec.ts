import { Refusal } from '../refusal.js'
import { parseAuthorization, SIGNED_HEADERS_MAX } from './authorization.js'

const CREDENTIAL = 'AKIDEXAMPLE/20260517/eu-central-1/cognito-sync/aws4_request'
const SIGNATURE = '0123456789abcdef'.repeat(4)

const header = (parts: Readonly<{ credential?: string; headers?: string; signature?: string }> = {}): string =>
  `AWS4-HMAC-SHA256 Credential=${parts.credential ?? CREDENTIAL}, ` +
  `SignedHeaders=${parts.headers ?? 'host;x-amz-date'}, Signature=${parts.signature ?? SIGNATURE}`

test('[A1] an Authorization header is taken apart into its pieces', () => {
  expect(parseAuthorization(header())).toEqual({
    accessKeyId: 'AKIDEXAMPLE',
    date: '20260517',
    region: 'eu-central-1',
    service: 'cognito-sync',
    terminator: 'aws4_request',
    credential: CREDENTIAL,
    scope: '20260517/eu-central-1/cognito-sync/aws4_request',
    signedHeaders: ['host', 'x-amz-date'],
    signedHeaderList: 'host;x-amz-date',
    signature: SIGNATURE,
  })
})

test.each([
  ['without spaces', header().replaceAll(', ', ',')],
  ['with many spaces', header().replaceAll(', ', ' ,   ')],
  [
    'in another order',
    `AWS4-HMAC-SHA256 Signature=${SIGNATURE},Credential=${CREDENTIAL},SignedHeaders=host;x-amz-date`,
  ],
])('[A1] the parts may stand %s', (_, text) => {
  expect(parseAuthorization(text)).toEqual(parseAuthorization(header()))
})

test.each([
  ['', 'algorithm'],
  ['AWS4-HMAC-SHA256', 'algorithm'],
  ['Bearer abc', 'algorithm'],
  ['AWS AKIDEXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=', 'algorithm'],
  ['AWS4-ECDSA-P256-SHA256 Credential=a', 'algorithm'],
  [header().replace('AWS4', 'aws4'), 'algorithm'],
  [header().replace('SHA256 ', 'SHA256\t'), 'algorithm'],
  ['AWS4-HMAC-SHA256 ', 'a part other than'],
  [header().replace(/, Signature.*/, ''), 'no Signature part'],
  [header({ signature: '' }), 'no Signature part'],
  [header().replace(/Credential=[^,]*, /, ''), 'no Credential part'],
  [header().replace(/SignedHeaders=[^,]*, /, ''), 'no SignedHeaders part'],
  [header({ headers: '' }), 'no SignedHeaders part'],
  [`${header()},`, 'a part other than'],
  [`${header()}, Extra=1`, 'a part other than'],
  [`${header()}, __proto__=1`, 'a part other than'],
  [header().replace('Credential', 'credential'), 'a part other than'],
  [`${header()}, Signature=${SIGNATURE}`, 'more than one Signature part'],
  [`${header()}, Credential=${CREDENTIAL}`, 'more than one Credential part'],
  [header({ signature: SIGNATURE.slice(1) }), 'Signature that is not 64'],
  [header({ signature: `${SIGNATURE}0` }), 'Signature that is not 64'],
  [header({ signature: SIGNATURE.toUpperCase() }), 'Signature that is not 64'],
  [header({ signature: `${SIGNATURE.slice(1)}g` }), 'Signature that is not 64'],
  [header({ credential: 'AKIDEXAMPLE/20260517/eu-central-1/cognito-sync' }), 'Credential'],
  [header({ credential: `${CREDENTIAL}/more` }), 'Credential'],
  [header({ credential: `${CREDENTIAL}/` }), 'Credential'],
  [header({ credential: CREDENTIAL.replace('AKIDEXAMPLE', '') }), 'Credential'],
  [header({ credential: CREDENTIAL.replace('eu-central-1', '') }), 'Credential'],
  [header({ headers: 'x-amz-date;host' }), 'not sorted'],
  [header({ headers: 'host;host;x-amz-date' }), 'not sorted'],
  [header({ headers: 'host;;x-amz-date' }), 'not sorted'],
  [header({ headers: ';host' }), 'not sorted'],
  [header({ headers: 'host;' }), 'not sorted'],
  [header({ headers: 'Host;x-amz-date' }), 'lower case'],
  [header({ headers: Array.from({ length: SIGNED_HEADERS_MAX + 1 }, (_, n) => `a${n}`).join(';') }), 'more than 100'],
])('[A1] %j is refused, and the message names the part: %s', (text, named) => {
  let thrown: unknown
  try {
    parseAuthorization(text)
  } catch (refusal) {
    thrown = refusal
  }
  expect(thrown).toBeInstanceOf(Refusal)
  expect(thrown).toMatchObject({ code: 'IncompleteSignature' })
  expect((thrown as Refusal).message).toContain(named)
  expect((thrown as Refusal).message).not.toContain(SIGNATURE)
})
