import type { IdentityId } from '@satchel/protocol'
import { ACCOUNT, ACCOUNT_ID, AnAccess, IDENTITY, POOL, REGION } from './testing/an-access.js'
import { handSigned, withoutHeader } from './testing/hand-signed.js'
import type { SigningService } from './verify-caller.js'

const INVALID_TOKEN = 'The security token included in the request is invalid.'

test('[K5] the account is known by its own key', async () => {
  const caller = await new AnAccess().verifier.verify(handSigned(), 'cognito-sync')
  expect(caller).toEqual({ kind: 'account', accountId: ACCOUNT_ID, accessKeyId: ACCOUNT.accessKeyId })
})

test('[K5] an identity is known by its temporary credentials, again and again', async () => {
  const access = new AnAccess()
  const credentials = access.issue({ authenticated: false })
  for (let time = 0; time < 3; time++) {
    expect(await access.verifier.verify(handSigned({ credentials }), 'cognito-sync')).toMatchObject({
      kind: 'identity',
      pool: POOL,
      identity: IDENTITY,
      authenticated: false,
      accessKeyId: credentials.accessKeyId,
    })
  }
})

test.each<SigningService>(['cognito-sync', 'cognito-identity', 'sts'])(
  '[A7] a request signed for %s serves there only',
  async (service) => {
    const access = new AnAccess()
    const request = handSigned({ service, credentials: access.issue() })
    for (const face of ['cognito-sync', 'cognito-identity', 'sts'] as const) {
      const refusal = await access.refusal(request, face)
      if (face === service) expect(refusal).toBeNull()
      else expect(refusal?.message).toBe(`Credential should be scoped to correct service: '${face}'.`)
    }
  },
)

test.each([
  ['another region', { region: 'us-east-1' }, 'valid region'],
  ['a region in capitals', { region: REGION.toUpperCase() }, 'valid region'],
  ['another day', { date: '20260516' }, 'day of the signature, 20260517'],
  ['a part of the day', { date: '2026' }, 'day of the signature'],
  ['the whole time', { date: '20260517T093000Z' }, 'day of the signature'],
  ['another terminator', { terminator: 'aws5_request' }, "end in 'aws4_request'"],
])('[A7] a signature scoped to %s is refused although it is right', async (_, draft, named) => {
  const refusal = await new AnAccess().refusal(handSigned(draft))
  expect(refusal?.code).toBe('InvalidSignature')
  expect(refusal?.message).toContain(named)
})

test('[A2] a request without Authorization is refused', async () => {
  const access = new AnAccess()
  expect(await access.refusal(handSigned({ authorization: () => null }))).toMatchObject({
    code: 'MissingAuthenticationToken',
    message: 'Missing Authentication Token',
  })
})

test('[A2] a request signed with another secret is refused in the words of AWS', async () => {
  const credentials = { ...ACCOUNT, secretAccessKey: 'guessed' }
  const refusal = await new AnAccess().refusal(handSigned({ credentials }))
  expect(refusal?.code).toBe('InvalidSignature')
  expect(refusal?.message).toMatch(/^The request signature we calculated does not match the signature you provided\./)
})

test('[A8] a request dated by Date alone is accepted', async () => {
  const headers = { 'x-amz-date': null, date: 'Sun, 17 May 2026 09:30:00 GMT' }
  expect(await new AnAccess().verdict(handSigned({ headers }))).toBe('accepted')
})

test('[A9] the clock may be 15 minutes off either way, and not a second more', async () => {
  const access = new AnAccess()
  const credentials = access.issue()
  const request = handSigned({ credentials })
  access.clock.advance(15 * 60_000 + 999)
  expect(await access.verdict(request)).toBe('accepted')
  access.clock.advance(1)
  expect((await access.refusal(request))?.message).toMatch(/^Signature expired: 20260517T093000Z is now earlier than/)

  const ahead = (time: string) => access.verdict(handSigned({ credentials, time }))
  expect(await ahead('20260517T100001Z')).toBe('accepted')
  expect(await ahead('20260517T100002Z')).toBe('InvalidSignature')
})

test.each(['AKIAUNKNOWNUNKNOWNXX', 'ASIAUNKNOWNUNKNOWNXX', 'x', '__proto__', '%00'])(
  '[K5] the unknown key %s is refused',
  async (accessKeyId) => {
    const refusal = await new AnAccess().refusal(handSigned({ credentials: { ...ACCOUNT, accessKeyId } }))
    expect(refusal).toMatchObject({ code: 'UnrecognizedClient', message: INVALID_TOKEN })
  },
)

test('[K5] temporary credentials without their session token are refused', async () => {
  const access = new AnAccess()
  const { accessKeyId, secretAccessKey } = access.issue()
  const refusal = await access.refusal(handSigned({ credentials: { accessKeyId, secretAccessKey } }))
  expect(refusal).toMatchObject({ code: 'UnrecognizedClient', message: INVALID_TOKEN })
})

test('[K5] a session token of other credentials is refused, known already or not', async () => {
  const access = new AnAccess()
  const [one, other] = [access.issue(), access.issue({ identity: `${IDENTITY.slice(0, -1)}3` as IdentityId })]
  const mixed = handSigned({ credentials: { ...one, sessionToken: other.sessionToken } })
  expect(await access.verdict(mixed)).toBe('UnrecognizedClient')
  expect(await access.verdict(handSigned({ credentials: other }))).toBe('accepted')
  expect(await access.verdict(mixed)).toBe('UnrecognizedClient')
})

test('[K5] the account with a session token is refused', async () => {
  const access = new AnAccess()
  const { sessionToken } = access.issue()
  expect(await access.verdict(handSigned({ credentials: { ...ACCOUNT, sessionToken } }))).toBe('UnrecognizedClient')
  expect(await access.verdict(handSigned({ credentials: { ...ACCOUNT, sessionToken: '' } }))).toBe('UnrecognizedClient')
})

test('[K5] credentials made under another master key are refused', async () => {
  const foreign = new AnAccess(Buffer.alloc(32, 8)).issue()
  expect(await new AnAccess().verdict(handSigned({ credentials: foreign }))).toBe('UnrecognizedClient')
})

test('[K6] temporary credentials end on the second', async () => {
  const access = new AnAccess()
  const credentials = access.issue({ lifeSeconds: 60 })
  const request = handSigned({ credentials })
  access.clock.advance(59_999)
  expect(await access.verdict(request)).toBe('accepted')
  access.clock.advance(1)
  expect(await access.refusal(request)).toMatchObject({
    code: 'ExpiredToken',
    message: 'The security token included in the request is expired',
  })
})

test('[K7] credentials of an identity that has ended are refused within two seconds, by this node at once', async () => {
  const access = new AnAccess()
  const request = handSigned({ credentials: access.issue() })
  expect(await access.verdict(request)).toBe('accepted')
  access.standing.ended.add(IDENTITY)
  access.clock.advance(2_000)
  expect(await access.refusal(request)).toMatchObject({
    code: 'NotAuthorized',
    message: `Access to Identity '${IDENTITY}' is forbidden.`,
  })
})

test('[K8] what this node ends is refused with the very next request', async () => {
  const access = new AnAccess()
  const request = handSigned({ credentials: access.issue() })
  expect(await access.verdict(request)).toBe('accepted')
  access.standing.ended.add(IDENTITY)
  access.cachedStanding.forget(IDENTITY)
  expect(await access.verdict(request)).toBe('NotAuthorized')
})

test('[A10] without the secret nobody learns whether credentials have expired or their identity has ended', async () => {
  const access = new AnAccess()
  const credentials = access.issue({ lifeSeconds: 60 })
  access.standing.ended.add(IDENTITY)
  access.clock.advance(61_000)
  const forged = handSigned({ credentials: { ...credentials, secretAccessKey: 'guessed' } })
  expect(await access.verdict(forged)).toBe('InvalidSignature')
  expect(access.standing.asked).toBe(0)
})

test('[A10] the account is never asked for in the store', async () => {
  const access = new AnAccess()
  await access.verdict(handSigned())
  expect(access.standing.asked).toBe(0)
})

test('[A6] a request whose session token is not signed is refused', async () => {
  const access = new AnAccess()
  const credentials = access.issue()
  const unsigned = handSigned({ credentials, signedHeaders: ['host', 'x-amz-date'] })
  expect((await access.refusal(unsigned))?.message).toBe('the header x-amz-security-token must be signed')
  expect(await access.verdict(withoutHeader(unsigned, 'x-amz-security-token'))).toBe('UnrecognizedClient')
})
