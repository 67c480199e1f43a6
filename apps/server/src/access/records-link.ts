import type { KeyObject } from 'node:crypto'
import type { Keyring } from './keyring.js'
import { sealUnder, type Seal } from './seal.js'

/** Path of the URLs below; the token follows it. */
export const RECORDS_LINK_PATH = '/stream/records/'

const PURPOSE = 'stream-records'

/** What making links takes, and no more: whoever holds it can neither make nor open other sealed texts. Can be sent to a thread. */
export type RecordsLinkKey = Readonly<{
  key: KeyObject
  /** How long a link opens, milliseconds. */
  lifeMs: number
}>

/** Links are sealed under the first key of the ring. */
export const recordsLinkKey = (keyring: Keyring, lifeMs: number): RecordsLinkKey => ({
  key: keyring.subkeys(PURPOSE)[0],
  lifeMs,
})

/**
 * The URL at which whoever has it may fetch the records of an event, until `lifeMs` after `at`, epoch milliseconds (V10). The same inputs
 * give the same URL. `publicUrl` has no slash behind.
 */
export function recordsLink(
  { key, lifeMs }: RecordsLinkKey,
  { publicUrl, eventId, at }: Readonly<{ publicUrl: string; eventId: string; at: number }>,
): string {
  return `${publicUrl}${RECORDS_LINK_PATH}${sealUnder(key, [], JSON.stringify([eventId, at + lifeMs]))}`
}

/** The event whose records a token of {@link recordsLink} opens at a time; null for one that has ended or was not made here. */
export function openRecordsLink(seal: Seal, token: string, now: number): string | null {
  const text = seal.open(PURPOSE, [], token)
  if (text === null) return null
  const [eventId, until] = JSON.parse(text) as [string, number]
  return now < until ? eventId : null
}
