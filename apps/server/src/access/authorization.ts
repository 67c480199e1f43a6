import { refuse } from '../refusal.js'
import { withoutExtraSpace } from './request-headers.js'

/** What an Authorization header of Signature Version 4 says, taken apart; nothing in it is believed yet. */
export type Authorization = Readonly<{
  accessKeyId: string
  /** The day of the signature, `20260101`. */
  date: string
  region: string
  service: string
  terminator: string
  /** The whole Credential part, which names a signing key. */
  credential: string
  /** The Credential part without the access key id. */
  scope: string
  /** In the order of the header: lower-case, sorted, each name once. */
  signedHeaders: readonly string[]
  /** The SignedHeaders part as sent. */
  signedHeaderList: string
  /** 64 lower-case hexadecimal digits. */
  signature: string
}>

export const ALGORITHM = 'AWS4-HMAC-SHA256'

/** Clients sign about five to twenty headers; more would only cost time. */
export const SIGNED_HEADERS_MAX = 100

/**
 * Takes an Authorization header apart (A1). Parts stand in any order, separated by commas, with spaces or without.
 *
 * Refuses everything else with IncompleteSignature and the name of the part at fault.
 */
export function parseAuthorization(header: string): Authorization {
  if (!header.startsWith(`${ALGORITHM} `)) refuseForm(`must begin with the algorithm ${ALGORITHM}`)
  const { Credential: credential, SignedHeaders: signedHeaderList, Signature: signature } = partsOf(header)
  if (!SIGNATURE.test(signature)) refuseForm('has a Signature that is not 64 lower-case hexadecimal digits')

  const [accessKeyId, date, region, service, terminator, ...rest] = credential.split('/')
  if (!accessKeyId || !date || !region || !service || !terminator || rest.length > 0) {
    refuseForm('has a Credential that is not made of key id, date, region, service and terminator')
  }
  return {
    accessKeyId,
    date,
    region,
    service,
    terminator,
    credential,
    scope: credential.slice(accessKeyId.length + 1),
    signedHeaders: headerNames(signedHeaderList),
    signedHeaderList,
    signature,
  }
}

type PartName = (typeof PART_NAMES)[number]

const PART_NAMES = ['Credential', 'SignedHeaders', 'Signature'] as const
const SIGNATURE = /^[0-9a-f]{64}$/

function partsOf(header: string): Record<PartName, string> {
  const parts: Record<PartName, string> = { Credential: '', SignedHeaders: '', Signature: '' }
  for (const part of header.slice(ALGORITHM.length + 1).split(',')) {
    const equals = part.indexOf('=')
    const name = withoutExtraSpace(part.slice(0, Math.max(0, equals)))
    if (!isPartName(name)) refuseForm('has a part other than Credential, SignedHeaders and Signature')
    if (parts[name] !== '') refuseForm(`has more than one ${name} part`)
    parts[name] = withoutExtraSpace(part.slice(equals + 1))
  }
  for (const name of PART_NAMES) if (parts[name] === '') refuseForm(`has no ${name} part`)
  return parts
}

const isPartName = (name: string): name is PartName => (PART_NAMES as readonly string[]).includes(name)

function headerNames(list: string): readonly string[] {
  const names = list.split(';')
  if (names.length > SIGNED_HEADERS_MAX) refuseForm(`has more than ${SIGNED_HEADERS_MAX} SignedHeaders`)
  if (list !== list.toLowerCase()) refuseForm('has SignedHeaders that are not in lower case')
  let previous = ''
  for (const name of names) {
    // Also catches an empty name and one that stands twice.
    if (name <= previous) refuseForm('has SignedHeaders that are not sorted, or name a header twice')
    previous = name
  }
  return names
}

function refuseForm(fault: string): never {
  refuse('IncompleteSignature', `the Authorization header ${fault}`)
}
