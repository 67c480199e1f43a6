import 'reflect-metadata'
import { PROVIDER } from '../../identity/testing/an-identity-side.js'
import { aCalledPool, UNKNOWN } from './testing/identity-calls.js'

describe('what owners see', () => {
  test('[I8] an identity shows its providers, not its users, and times in seconds', async () => {
    const { face, IdentityPoolId } = await aCalledPool()
    const { identity } = await face.signIn(IdentityPoolId, 'ada')
    const at = face.clock.now() / 1_000
    const shown = { IdentityId: identity, Logins: [PROVIDER], CreationDate: at, LastModifiedDate: at }
    expect(await face.call('DescribeIdentity', { IdentityId: identity })).toEqual(shown)
    const guest = await face.aGuest(IdentityPoolId)
    const shownGuest = { IdentityId: guest, CreationDate: at, LastModifiedDate: at }
    expect(await face.call('DescribeIdentity', { IdentityId: guest })).toEqual(shownGuest)
  })

  test('[I11] identities are listed page by page, disabled ones unless hidden', async () => {
    const { face, IdentityPoolId } = await aCalledPool()
    const made = []
    for (let n = 0; n < 5; n++) made.push(await face.aGuest(IdentityPoolId))
    const ids = made.sort()
    await face.service.identities.disable(ids[1]!)
    const list = (more: object) => face.call('ListIdentities', { IdentityPoolId, MaxResults: 3, ...more })
    const first = (await list({})) as { NextToken: string; Identities: { IdentityId: string }[] }
    expect(first.Identities.map(({ IdentityId }) => IdentityId)).toEqual(ids.slice(0, 3))
    const second = (await list({ NextToken: first.NextToken })) as typeof first
    expect(second.Identities.map(({ IdentityId }) => IdentityId)).toEqual(ids.slice(3))
    expect(second).not.toHaveProperty('NextToken')
    const hidden = (await list({ HideDisabled: true })) as typeof first
    expect(hidden.Identities.map(({ IdentityId }) => IdentityId)).toEqual([ids[0], ids[2], ids[3]])
    const other = (await face.aPool()).pool
    expect(await list({ IdentityPoolId: other, NextToken: first.NextToken })).toMatch(/^InvalidParameter: NextToken/)
  })

  test('[I12] deleting answers what was not there, and tells who asked to know', async () => {
    const { face, IdentityPoolId, credentials, developer } = await aCalledPool()
    const guest = await face.aGuest(IdentityPoolId)
    const { identity } = await face.signIn(IdentityPoolId, 'ada')
    const answer = await face.call('DeleteIdentities', { IdentityIdsToDelete: [guest, UNKNOWN, identity, guest] })
    expect(answer).toEqual({ UnprocessedIdentityIds: [{ IdentityId: UNKNOWN, ErrorCode: 'AccessDenied' }] })
    expect(face.gone).toEqual([guest, identity])
    expect(await credentials(guest)).toBe(`ResourceNotFound: Identity '${guest}' not found.`)
    expect(await developer('ada')).not.toMatchObject({ IdentityId: identity })
  })
})
