import { errorCodes, PROTOCOL_VERSION, type ErrorCode, type ErrorFacts, type WireAnswer } from '@satchel/protocol'
import type { Face } from './face-of.js'

/** An HTTP answer to a refused request, ready to send by any means. */
export type ErrorAnswer = Readonly<{ status: number; headers: Readonly<Record<string, string>>; body: string }>

/** What a face shows of a refusal; a `Refusal` is one. */
export type Refused = Readonly<{ code: ErrorCode; message: string; retryAfterSeconds?: number | undefined }>

/** Puts a refusal into the form that the clients of a face read. */
export function errorAnswer(face: Face, refused: Refused, requestId: string): ErrorAnswer {
  switch (face) {
    case 'sync':
      return syncErrorAnswer(refused, requestId)
    case 'identity':
      return identityErrorAnswer(refused, requestId)
    case 'sts':
      return stsErrorAnswer(refused, requestId)
    case 'live':
      return liveErrorAnswer(refused, requestId)
  }
}

/**
 * cognito-sync: the status of the table, the type in `x-amzn-ErrorType`, where every client finds it, and once more as
 * `__type`, for browser code that cannot see the header; the text as lower-case `message` (F1).
 */
export function syncErrorAnswer(refused: Refused, requestId: string): ErrorAnswer {
  const { aws, status } = factsOf(refused.code)
  return {
    status,
    headers: {
      ...commonHeaders(refused, requestId),
      'content-type': 'application/json',
      'x-amzn-ErrorType': aws,
    },
    body: JSON.stringify({ __type: aws, message: refused.message }),
  }
}

/** cognito-identity: 400 for every client error, and a colon behind the type in its header (F2). */
export function identityErrorAnswer(refused: Refused, requestId: string): ErrorAnswer {
  const { aws, status } = factsOf(refused.code)
  return {
    status: status < 500 ? 400 : status,
    headers: {
      ...commonHeaders(refused, requestId),
      'content-type': 'application/x-amz-json-1.1',
      'x-amzn-errortype': `${aws}:`,
      'x-amzn-errormessage': headerSafe(refused.message),
    },
    body: JSON.stringify({ __type: aws, message: refused.message }),
  }
}

/** STS: XML, with the names that STS has for some codes (F2). */
export function stsErrorAnswer(refused: Refused, requestId: string): ErrorAnswer {
  const { aws, sts, status } = factsOf(refused.code)
  const type = status < 500 ? 'Sender' : 'Receiver'
  return {
    status: refused.code === 'UnknownOperation' ? 400 : status,
    headers: { ...commonHeaders(refused, requestId), 'content-type': 'text/xml' },
    body:
      `<ErrorResponse xmlns="${STS_NAMESPACE}"><Error><Type>${type}</Type><Code>${escapeXml(sts ?? aws)}</Code>` +
      `<Message>${escapeXml(refused.message)}</Message></Error><RequestId>${escapeXml(requestId)}</RequestId></ErrorResponse>`,
  }
}

/** The native face's HTTP twin: the very answer that a socket would get (NB15). */
export function liveErrorAnswer(refused: Refused, requestId: string): ErrorAnswer {
  const { code, message, retryAfterSeconds } = refused
  const retryAfterMs = retryAfterSeconds === undefined ? null : Math.ceil(retryAfterSeconds * 1_000)
  const answer: WireAnswer<never> = { ok: false, error: { code, message, retryAfterMs } }
  return {
    status: factsOf(code).status,
    headers: {
      ...commonHeaders(refused, requestId),
      'content-type': 'application/json',
      'satchel-protocol': String(PROTOCOL_VERSION),
    },
    body: JSON.stringify(answer),
  }
}

export const STS_NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'

/** Text as XML 1.0 content: markup escaped, characters that XML cannot spell replaced by U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(NOT_XML, '\ufffd')
    .replace(/[&<>"']/g, (mark) => XML_ESCAPES[mark] ?? mark)
}

/** Exactly the characters that XML 1.0 forbids. */
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

const XML_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

const factsOf = (code: ErrorCode): ErrorFacts => errorCodes[code]

const commonHeaders = ({ retryAfterSeconds }: Refused, requestId: string): Record<string, string> => ({
  'x-amzn-RequestId': requestId,
  'cache-control': 'no-store',
  ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterSeconds))) }),
})

/** A header cannot hold line breaks or characters beyond ASCII; they become question marks. */
const headerSafe = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?')
