import { Refusal } from '../refusal.js'
import { readHeaders } from './request-headers.js'
import { basicTime, refuseSkew, signingTime } from './signing-time.js'

const SERVER = Date.UTC(2026, 4, 17, 9, 30, 0)
const MINUTES = 60_000

const at = (ms: number) => ({ text: basicTime(ms), ms })

function refusalOf(work: () => unknown): Refusal | null {
  try {
    work()
    return null
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown
    throw thrown
  }
}

test('[A8] x-amz-date wins over Date', () => {
  const headers = readHeaders(['Date', 'Thu, 01 Jan 2026 00:00:00 GMT', 'X-Amz-Date', '20260517T093000Z'])
  expect(signingTime(headers)).toEqual({ text: '20260517T093000Z', ms: SERVER })
})

test.each(['Sun, 17 May 2026 09:30:00 GMT', 'Sun, 17 May 2026 09:30:00 -0000'])(
  '[A8] without it, Date counts: %s',
  (date) => {
    expect(signingTime(readHeaders(['Date', date]))).toEqual({ text: '20260517T093000Z', ms: SERVER })
  },
)

test('[A8] a request that has neither is refused', () => {
  expect(refusalOf(() => signingTime(readHeaders([])))).toMatchObject({
    code: 'IncompleteSignature',
    message: 'the request has neither an x-amz-date nor a Date header',
  })
})

test.each([
  ['X-Amz-Date', ''],
  ['X-Amz-Date', '20260517'],
  ['X-Amz-Date', '20260517T093000'],
  ['X-Amz-Date', '20260517T093000z'],
  ['X-Amz-Date', '2026-05-17T09:30:00Z'],
  ['X-Amz-Date', '20260231T093000Z'],
  ['X-Amz-Date', '20261317T093000Z'],
  ['X-Amz-Date', '20260517T243000Z'],
  ['X-Amz-Date', '20260517T093060Z'],
  ['X-Amz-Date', '00990517T093000Z'],
  ['X-Amz-Date', '1779010200'],
  ['X-Amz-Date', 'Sun, 17 May 2026 09:30:00 GMT'],
  ['Date', ''],
  ['Date', '20260517T093000Z'],
  ['Date', 'Sunday, 17-May-26 09:30:00 GMT'],
  ['Date', 'Mon, 17 May 2026 09:30:00 GMT'],
  ['Date', 'Sun, 17 May 2026 09:30:00 +0200'],
  ['Date', 'Sun, 31 Feb 2026 09:30:00 GMT'],
])('[A8] a malformed %s, %j, is refused', (name, value) => {
  expect(refusalOf(() => signingTime(readHeaders([name, value])))).toMatchObject({ code: 'IncompleteSignature' })
})

test.each([0, -15 * MINUTES, 15 * MINUTES, -14 * MINUTES, 14 * MINUTES])(
  '[A9] a clock %i ms off is accepted',
  (off) => {
    expect(refusalOf(() => refuseSkew(at(SERVER + off), SERVER))).toBeNull()
    expect(refusalOf(() => refuseSkew(at(SERVER + off), SERVER + 999))).toBeNull() // seconds are whole
  },
)

test('[A9] a signature 15 minutes and one second old is refused in the words that SDKs read', () => {
  const refusal = refusalOf(() => refuseSkew(at(SERVER - 15 * MINUTES - 1000), SERVER + 500))
  expect(refusal).toMatchObject({
    code: 'InvalidSignature',
    message: 'Signature expired: 20260517T091459Z is now earlier than 20260517T091500Z (20260517T093000Z - 15 min.)',
  })
})

test('[A9] so is one 15 minutes and one second ahead', () => {
  const refusal = refusalOf(() => refuseSkew(at(SERVER + 15 * MINUTES + 1000), SERVER + 999))
  expect(refusal).toMatchObject({
    code: 'InvalidSignature',
    message:
      'Signature not yet current: 20260517T094501Z is still later than 20260517T094500Z (20260517T093000Z + 15 min.)',
  })
})
