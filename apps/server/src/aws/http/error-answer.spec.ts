import { errorCodes, type ErrorCode } from '@satchel/protocol'
import { errorAnswer, escapeXml, identityErrorAnswer, stsErrorAnswer, syncErrorAnswer } from './error-answer.js'
import { faceOf } from './face-of.js'

const codes = Object.keys(errorCodes) as ErrorCode[]

describe('error answers', () => {
  test('[F1] cognito-sync: status and type of the table, type in header and body, lower-case message', () => {
    const answer = syncErrorAnswer({ code: 'ResourceConflict', message: 'moved' }, 'id-1')
    expect(answer.status).toBe(409)
    expect(answer.headers).toMatchObject({
      'x-amzn-ErrorType': 'ResourceConflictException',
      'x-amzn-RequestId': 'id-1',
      'content-type': 'application/json',
    })
    expect(JSON.parse(answer.body)).toEqual({ __type: 'ResourceConflictException', message: 'moved' })
  })

  test('[F2] cognito-identity: 400 for every client error, a colon behind the type in the header', () => {
    const answer = identityErrorAnswer({ code: 'NotAuthorized', message: 'né\r\nx: y' }, 'id-2')
    expect(answer.status).toBe(400)
    expect(answer.headers).toMatchObject({
      'x-amzn-errortype': 'NotAuthorizedException:',
      'x-amzn-errormessage': 'n???x: y',
      'content-type': 'application/x-amz-json-1.1',
    })
    expect(JSON.parse(answer.body)).toEqual({ __type: 'NotAuthorizedException', message: 'né\r\nx: y' })
    expect(identityErrorAnswer({ code: 'InternalError', message: '' }, 'id').status).toBe(500)
  })

  test('[F2] STS: XML with its own names, markup and control characters made harmless', () => {
    const answer = stsErrorAnswer({ code: 'InvalidSignature', message: '<a href="x">&\u0000\ud800</a>' }, 'id-3')
    expect(answer.status).toBe(403)
    expect(answer.headers['content-type']).toBe('text/xml')
    expect(answer.body).toBe(
      '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>' +
        '<Code>SignatureDoesNotMatch</Code><Message>&lt;a href=&quot;x&quot;&gt;&amp;\ufffd\ufffd&lt;/a&gt;</Message></Error>' +
        '<RequestId>id-3</RequestId></ErrorResponse>',
    )
    expect(stsErrorAnswer({ code: 'InternalError', message: '' }, 'id').body).toContain('<Type>Receiver</Type>')
  })

  test.each(codes)('[F1] %s has a form on every face', (code) => {
    for (const face of ['sync', 'identity', 'sts'] as const) {
      const answer = errorAnswer(face, { code, message: 'text' }, 'id')
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.body).toContain('text')
    }
  })

  test('[F7] Retry-After is whole seconds, at least one', () => {
    const after = (seconds: number) =>
      syncErrorAnswer({ code: 'TooManyRequests', message: '', retryAfterSeconds: seconds }, 'id').headers['retry-after']
    expect([after(0), after(0.2), after(1), after(1.5)]).toEqual(['1', '1', '1', '2'])
    expect(syncErrorAnswer({ code: 'TooManyRequests', message: '' }, 'id').headers).not.toHaveProperty('retry-after')
  })

  test('[F2] XML keeps tabs and line ends', () => {
    expect(escapeXml('a\tb\nc\u000b')).toBe('a\tb\nc\ufffd')
  })
})

describe('faceOf', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }

  test.each([
    ['identity', { method: 'POST', url: '/', headers: { 'x-amz-target': 'AWSCognitoIdentityService.GetId' } }],
    ['identity', { method: 'POST', url: '/?x=1', headers: { 'x-amz-target': '', ...form } }],
    ['sts', { method: 'POST', url: '/', headers: form }],
    ['sts', { method: 'POST', url: '/?a', headers: { 'content-type': 'APPLICATION/X-WWW-FORM-URLENCODED' } }],
    ['sync', { method: 'GET', url: '/', headers: form }],
    ['sync', { method: 'POST', url: '/', headers: {} }],
    ['sync', { method: 'POST', url: '/identitypools', headers: { 'x-amz-target': 'a.b', ...form } }],
    ['sync', { method: 'POST', url: '//', headers: form }],
  ])('[F3] finds %s for %j', (face, request) => {
    expect(faceOf(request)).toBe(face)
  })
})
