import 'reflect-metadata'
import { PROVIDER } from '../../identity/testing/an-identity-side.js'
import { AnIdentityFace } from './testing/an-identity-face.js'
import { aCalledPool, NO_GUESTS, own, UNSUPPORTED } from './testing/identity-calls.js'

describe('GetId', () => {
  test('[I15] every call makes a new guest', async () => {
    const { face, IdentityPoolId } = await aCalledPool()
    const first = (await face.call('GetId', { IdentityPoolId, AccountId: '123' })) as { IdentityId: string }
    expect(first).toEqual({ IdentityId: expect.stringMatching(/^eu-central-1:[0-9a-f-]{36}$/) })
    expect(await face.call('GetId', { IdentityPoolId, Logins: {} })).not.toEqual(first)
  })

  test('[I15] without guests there is no id', async () => {
    const { face } = await aCalledPool()
    const pool = (await face.aPool({ allowUnauthenticated: false })).pool
    expect(await face.call('GetId', { IdentityPoolId: pool })).toBe(NO_GUESTS)
  })

  test('[I19] providers that prove nothing here are refused, each by its text', async () => {
    const { face, IdentityPoolId } = await aCalledPool()
    const getId = (Logins: object) => face.call('GetId', { IdentityPoolId, Logins })
    expect(await getId({ 'accounts.google.com': 'x' })).toBe(UNSUPPORTED)
    expect(await getId({ [PROVIDER]: 'ada' })).toBe('InvalidParameter: Please provide a valid public provider')
    const { token } = await face.signIn(IdentityPoolId, 'ada')
    expect(await getId(own(token))).toBe("NotAuthorized: Invalid login token. Can't pass in a Cognito token.")
    expect(await getId({ ['__proto__']: 'x' })).toBe(UNSUPPORTED)
  })

  test('[I16] one address makes so many and no more', async () => {
    const limited = new AnIdentityFace({ guestRate: { perSecond: 1, burst: 2 } })
    const pool = (await limited.aPool()).pool
    const asked = []
    for (let n = 0; n < 3; n++) asked.push(await limited.call('GetId', { IdentityPoolId: pool }))
    expect(asked[1]).toMatchObject({ IdentityId: expect.anything() })
    expect(asked[2]).toBe('TooManyRequests: Too many new identities were asked for from this address')
    expect(limited.database.identities.size).toBe(2)
    const refused = limited.aGuest(pool)
    await expect(refused).rejects.toMatchObject({ code: 'TooManyRequests', retryAfterSeconds: 1 })
  })
})
