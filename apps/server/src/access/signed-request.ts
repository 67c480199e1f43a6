import { refuse } from '../refusal.js'
import { parseAuthorization, type Authorization } from './authorization.js'
import { canonicalHeaders, canonicalPath, canonicalQuery, pathOf, queryOf } from './canonical-request.js'
import { readHeaders } from './request-headers.js'
import { isSignatureOf, sha256Hex, TERMINATOR } from './signature.js'
import { refuseSkew, signingTime, type SigningTime } from './signing-time.js'
import type { KeyObject } from 'node:crypto'

/** A request as it came over the wire. */
export type SignedRequest = Readonly<{
  /** The method that was signed: after an override, the one it overrides with. */
  method: string
  /** The raw request target, never decoded, never rewritten. */
  target: string
  /** Name, value, name, value …, as received. */
  rawHeaders: readonly string[]
  body: Buffer
}>

/** The names in signatures of the services behind our faces. */
export type SigningService = 'cognito-sync' | 'cognito-identity' | 'sts'

/** A signature that is well formed, made for us and in time; not yet known to be true. */
export type ClaimedSignature = Readonly<{
  authorization: Authorization
  time: SigningTime
  sessionToken: string | undefined
  /** What `x-amz-content-sha256` says of the body. */
  contentHash: string | undefined
  /** The signed text up to the hash of the body, which comes last. */
  canonicalHead: string
}>

/**
 * Reads the signature of a request, and refuses it for all that can be told without a key: its form (A1), what it
 * leaves out (A6), its place (A7) and its time (A8, A9).
 */
export function claimedSignature(
  request: SignedRequest,
  expected: Readonly<{ region: string; service: SigningService; nowMs: number }>,
): ClaimedSignature {
  const query = canonicalQuery(queryOf(request.target)) // first, since it refuses presigned requests
  const headers = readHeaders(request.rawHeaders)
  const header = headers.byName.get('authorization')
  if (header === undefined) refuse('MissingAuthenticationToken', 'Missing Authentication Token')
  const authorization = parseAuthorization(header)
  const { signedHeaders, signedHeaderList } = authorization
  const lines = canonicalHeaders(headers, signedHeaders)
  const time = signingTime(headers)
  refuseScope(authorization, time, expected)
  refuseSkew(time, expected.nowMs)

  const path = canonicalPath(pathOf(request.target))
  return {
    authorization,
    time,
    sessionToken: headers.byName.get('x-amz-security-token'),
    contentHash: headers.byName.get('x-amz-content-sha256'),
    canonicalHead: `${request.method}\n${path}\n${query}\n${lines}\n${signedHeaderList}\n`,
  }
}

/** Refuses a signature that is not the one of this request, made with this key (A2, A3). */
export function refuseFalseSignature(claimed: ClaimedSignature, body: Buffer, key: KeyObject): void {
  const bodyHash = sha256Hex(body)
  // UNSIGNED-PAYLOAD and the STREAMING- modes fail here as well: they would leave the body unsigned.
  if (claimed.contentHash !== undefined && claimed.contentHash !== bodyHash) {
    refuse('InvalidSignature', 'the header x-amz-content-sha256 is not the SHA-256 of the body')
  }
  const canonicalRequest = claimed.canonicalHead + bodyHash
  const { scope, signature } = claimed.authorization
  if (!isSignatureOf({ key, time: claimed.time.text, scope, canonicalRequest }, signature)) {
    refuse('InvalidSignature', DOES_NOT_MATCH)
  }
}

/** AWS's own words, which people search for. */
const DOES_NOT_MATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and ' +
  'signing method. Consult the service documentation for details.'

function refuseScope(
  { date, region, service, terminator }: Authorization,
  time: SigningTime,
  expected: Readonly<{ region: string; service: SigningService }>,
): void {
  if (terminator !== TERMINATOR) refuse('InvalidSignature', `Credential should be scoped to end in '${TERMINATOR}'.`)
  if (service !== expected.service) {
    refuse('InvalidSignature', `Credential should be scoped to correct service: '${expected.service}'.`)
  }
  if (region !== expected.region) {
    refuse('InvalidSignature', `Credential should be scoped to a valid region. This server's is '${expected.region}'.`)
  }
  if (!time.text.startsWith(date) || date.length !== DATE_LENGTH) {
    refuse(
      'InvalidSignature',
      `Credential should be scoped to the day of the signature, ${time.text.slice(0, DATE_LENGTH)}.`,
    )
  }
}

const DATE_LENGTH = 8 // 20260101
