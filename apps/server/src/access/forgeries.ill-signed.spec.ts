import { ACCOUNT, REGION } from './testing/an-access.js'
import { aGenuineRequest } from './testing/a-genuine-request.js'
import { handSigned, NOW, sha256 } from './testing/hand-signed.js'

const { access, credentials, body, request } = aGenuineRequest()

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
