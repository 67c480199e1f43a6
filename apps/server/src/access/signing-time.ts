import { refuse } from '../refusal.js'
import type { RequestHeaders } from './request-headers.js'

/** When a request says that it was signed. */
export type SigningTime = Readonly<{
  /** As it goes into the signature: `20260101T000000Z`. */
  text: string
  /** Epoch milliseconds, whole seconds. */
  ms: number
}>

/** How far a client's clock may be off, either way. */
export const SKEW_MAX_MS = 15 * 60 * 1000

/** Reads `x-amz-date`, or `Date` where there is none (A8). Refuses a request that has neither, or a malformed one. */
export function signingTime({ byName }: RequestHeaders): SigningTime {
  const amzDate = byName.get('x-amz-date')
  if (amzDate !== undefined) {
    const ms = BASIC_TIME.test(amzDate) ? basicTimeMs(amzDate) : Number.NaN
    // Catches the 31st of February as well.
    if (Number.isNaN(ms) || basicTime(ms) !== amzDate) {
      refuse('IncompleteSignature', 'the header x-amz-date is not a time like 20260101T000000Z')
    }
    return { text: amzDate, ms }
  }
  const date = byName.get('date')
  if (date === undefined) refuse('IncompleteSignature', 'the request has neither an x-amz-date nor a Date header')
  return httpDate(date)
}

/**
 * Refuses a signature made more than 15 minutes before or after our time, both taken in whole seconds (A9). The
 * wording is AWS's own, and by the code together with the Date of the answer SDKs correct their clock.
 */
export function refuseSkew(signed: SigningTime, nowMs: number): void {
  const serverMs = nowMs - (nowMs % 1000)
  const earliest = serverMs - SKEW_MAX_MS
  const latest = serverMs + SKEW_MAX_MS
  if (signed.ms < earliest) {
    const limit = `${basicTime(earliest)} (${basicTime(serverMs)} - 15 min.)`
    refuse('InvalidSignature', `Signature expired: ${signed.text} is now earlier than ${limit}`)
  }
  if (signed.ms > latest) {
    const limit = `${basicTime(latest)} (${basicTime(serverMs)} + 15 min.)`
    refuse('InvalidSignature', `Signature not yet current: ${signed.text} is still later than ${limit}`)
  }
}

/** A time as SigV4 writes it; `ms` must be one that Date can hold. */
export function basicTime(ms: number): string {
  const iso = new Date(ms).toISOString() // 2026-01-01T00:00:00.000Z
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`
}

const BASIC_TIME = /^\d{8}T\d{6}Z$/

const basicTimeMs = (text: string): number =>
  Date.UTC(
    Number(text.slice(0, 4)),
    Number(text.slice(4, 6)) - 1,
    Number(text.slice(6, 8)),
    Number(text.slice(9, 11)),
    Number(text.slice(11, 13)),
    Number(text.slice(13, 15)),
  )

/** The one form of HTTP dates that is still written, and the zone as Python's mail library writes it. */
function httpDate(sent: string): SigningTime {
  const proper = sent.endsWith(' -0000') ? `${sent.slice(0, -6)} GMT` : sent
  const ms = HTTP_DATE.test(proper) ? Date.parse(proper) : Number.NaN
  if (Number.isNaN(ms) || new Date(ms).toUTCString() !== proper) {
    refuse('IncompleteSignature', 'the header Date is not a time like Thu, 01 Jan 2026 00:00:00 GMT')
  }
  return { text: basicTime(ms), ms }
}

const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/
