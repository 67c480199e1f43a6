import 'reflect-metadata'
import { partsOf } from '../../identity/testing/an-identity-side.js'
import { aCalledPool, own } from './testing/identity-calls.js'

describe('GetOpenIdToken', () => {
  test('[I10] a guest gets a token for ten minutes, and needs no role for it', async () => {
    const { face, IdentityPoolId, token } = await aCalledPool()
    const guest = await face.aGuest(IdentityPoolId)
    await face.service.pools.setRoles(IdentityPoolId, {
      authenticated: null,
      unauthenticated: null,
      mappings: new Map(),
    })
    const answer = (await token(guest)) as { IdentityId: string; Token: string }
    expect(answer.IdentityId).toBe(guest)
    const { claims } = partsOf(answer.Token)
    expect(claims).toMatchObject({ sub: guest, aud: IdentityPoolId, amr: ['unauthenticated'] })
    expect(Number(claims.exp) - Number(claims.iat)).toBe(600)
  })

  test('[I9] the basic flow is closed by its switch and by role mappings, each with its text', async () => {
    const { face, IdentityPoolId, credentials, token } = await aCalledPool()
    const off = (await face.aPool({ allowClassicFlow: false })).pool
    const guest = await face.aGuest(off)
    expect(await token(guest)).toBe('InvalidParameter: Basic (classic) flow is not enabled, please use enhanced flow.')
    expect(await credentials(guest)).toMatchObject({ IdentityId: guest })
    const mapped = await face.aGuest(IdentityPoolId)
    const mappings = new Map([['x', { Type: 'Token', AmbiguousRoleResolution: 'Deny' }]] as const)
    await face.service.pools.setRoles(IdentityPoolId, { authenticated: 'a', unauthenticated: 'b', mappings })
    expect(await token(mapped)).toBe(
      'InvalidParameter: Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.',
    )
  })

  test('[I9] a pool that never said allows the basic flow', async () => {
    const { face, token } = await aCalledPool()
    const guest = await face.aGuest((await face.aPool({ allowClassicFlow: null })).pool)
    expect(await token(guest)).toMatchObject({ IdentityId: guest })
  })

  test('[I19] a token of the pool cannot be exchanged for a fresh one', async () => {
    const { face, IdentityPoolId, token } = await aCalledPool()
    const { identity, token: sent } = await face.signIn(IdentityPoolId, 'ada')
    expect(await token(identity, own(sent))).toBe("NotAuthorized: Invalid login token. Can't pass in a Cognito token.")
  })
})
