import 'reflect-metadata'
import type { IdentityId } from '@satchel/protocol'
import { partsOf, PROVIDER } from '../../identity/testing/an-identity-side.js'
import { aCalledPool, DO_NOT_MATCH, forbidden, NOT_FOUND, own, UNKNOWN, UNSUPPORTED } from './testing/identity-calls.js'

describe('GetOpenIdTokenForDeveloperIdentity', () => {
  test('[I22] [I26] a new user is a new identity, with a token for fifteen minutes', async () => {
    const { IdentityPoolId, developer } = await aCalledPool()
    const answer = (await developer('ada')) as { IdentityId: string; Token: string }
    const { claims } = partsOf(answer.Token)
    expect(claims).toMatchObject({
      sub: answer.IdentityId,
      amr: ['authenticated', PROVIDER, `${PROVIDER}:${IdentityPoolId}:ada`],
    })
    expect(Number(claims.exp) - Number(claims.iat)).toBe(900)
    expect(await developer('ada')).toMatchObject({ IdentityId: answer.IdentityId })
    expect(await developer('bob')).not.toMatchObject({ IdentityId: answer.IdentityId })
  })

  test('[I22] a user who was a guest keeps identity and data', async () => {
    const { face, IdentityPoolId, credentials, developer } = await aCalledPool()
    const guest = await face.aGuest(IdentityPoolId)
    const answer = (await developer('ada', { IdentityId: guest })) as { IdentityId: string; Token: string }
    expect(answer.IdentityId).toBe(guest)
    expect(await developer('ada')).toMatchObject({ IdentityId: guest })
    expect(await credentials(guest)).toBe(forbidden(guest))
    expect(await credentials(guest, own(answer.Token))).toMatchObject({ IdentityId: guest })
  })

  test('[I23] a user registered with one identity cannot become another', async () => {
    const { face, IdentityPoolId, credentials, developer } = await aCalledPool()
    await developer('ada')
    const guest = await face.aGuest(IdentityPoolId)
    expect(await developer('ada', { IdentityId: guest })).toBe(
      `DeveloperUserAlreadyRegistered: The developer user identifier is registered with an identity other than '${guest}'`,
    )
    expect(await credentials(guest)).toMatchObject({ IdentityId: guest })
  })

  test('[I24] an identity that has a login takes no second one', async () => {
    const { face, IdentityPoolId, developer } = await aCalledPool()
    const ada = await face.signIn(IdentityPoolId, 'ada')
    expect(await developer('bob', { IdentityId: ada.identity })).toBe(DO_NOT_MATCH)
  })

  test('[I25] fifty calls at once for one new user end on one identity', async () => {
    const { face, developer } = await aCalledPool()
    const answers = await Promise.all(Array.from({ length: 50 }, () => developer('ada')))
    expect(new Set(answers.map((answer) => (answer as { IdentityId: IdentityId }).IdentityId)).size).toBe(1)
    expect(face.database.identities.size).toBe(1)
    expect(face.database.logins).toHaveLength(1)
  })

  test('[I26] only the pool’s own developer provider counts', async () => {
    const { face, IdentityPoolId, developer } = await aCalledPool()
    const wrong = 'InvalidParameter: This identity pool does not support the specified developer provider'
    const call = (Logins: object) => face.call('GetOpenIdTokenForDeveloperIdentity', { IdentityPoolId, Logins })
    for (const logins of [{}, { other: 'ada' }, { 'accounts.google.com': 'x' }, { [PROVIDER.toUpperCase()]: 'ada' }]) {
      expect(await call(logins)).toBe(wrong)
    }
    expect(await call({ [PROVIDER]: 'ada', 'accounts.google.com': 'x' })).toBe(UNSUPPORTED)
    const none = (await face.aPool({ developerProvider: null })).pool
    expect(await developer('ada', { IdentityPoolId: none })).toBe(wrong)
    expect(face.database.identities.size).toBe(0)
  })

  test('[I26] durations and tags are the caller’s, within bounds', async () => {
    const { developer } = await aCalledPool()
    const answer = (await developer('ada', { TokenDuration: 86_400, PrincipalTags: { team: 'red' } })) as {
      Token: string
    }
    const { claims } = partsOf(answer.Token)
    expect(Number(claims.exp) - Number(claims.iat)).toBe(86_400)
    expect(claims['https://aws.amazon.com/tags']).toEqual({ principal_tags: { team: ['red'] } })
    expect(await developer('ada', { TokenDuration: 86_401 })).toMatch(/^Validation: .*'86401' at 'tokenDuration'/)
    expect(await developer('ada', { PrincipalTags: { a: 'é'.repeat(200), b: 'x'.repeat(59) } })).toBe(
      'InvalidParameter: PrincipalTags have 461 bytes, they may have at most 460',
    )
    expect(await developer('x'.repeat(1_025))).toBe(
      'InvalidParameter: The developer user identifier has 1025 characters, it may have at most 1024',
    )
  })
})

describe('LookupDeveloperIdentity', () => {
  test('[I27] either finds the other, and both are verified', async () => {
    const { face, IdentityPoolId, lookup } = await aCalledPool()
    const { identity } = await face.signIn(IdentityPoolId, 'ada')
    const bob = await face.signIn(IdentityPoolId, 'bob')
    const found = { IdentityId: identity, DeveloperUserIdentifierList: ['ada'] }
    expect(await lookup({ IdentityId: identity })).toEqual(found)
    expect(await lookup({ DeveloperUserIdentifier: 'ada' })).toEqual(found)
    expect(await lookup({ IdentityId: identity, DeveloperUserIdentifier: 'ada' })).toEqual(found)
    expect(await lookup({ IdentityId: bob.identity, DeveloperUserIdentifier: 'ada' })).toBe(
      `ResourceConflict: The developer user identifier does not belong to the identity '${bob.identity}'`,
    )
  })

  test('[I27] what is not there is not found, a guest has no users, and nothing asked is refused', async () => {
    const { face, IdentityPoolId, lookup } = await aCalledPool()
    expect(await lookup({ DeveloperUserIdentifier: 'eve' })).toBe(
      'ResourceNotFound: No identity of this pool has the developer user identifier',
    )
    expect(await lookup({ IdentityId: UNKNOWN })).toBe(NOT_FOUND)
    const elsewhere = await face.aGuest((await face.aPool()).pool)
    expect(await lookup({ IdentityId: elsewhere })).toBe(`ResourceNotFound: Identity '${elsewhere}' not found.`)
    const guest = await face.aGuest(IdentityPoolId)
    expect(await lookup({ IdentityId: guest })).toEqual({ IdentityId: guest, DeveloperUserIdentifierList: [] })
    expect(await lookup({})).toBe('InvalidParameter: Either IdentityId or DeveloperUserIdentifier has to be given')
  })

  test('[I27] users of one identity come page by page', async () => {
    const { face, IdentityPoolId, lookup } = await aCalledPool()
    const { identity } = await face.signIn(IdentityPoolId, 'a')
    for (const userId of ['c', 'b'])
      face.database.logins.push({ pool: IdentityPoolId, provider: PROVIDER, userId, identity })
    const first = (await lookup({ IdentityId: identity, MaxResults: 2 })) as { NextToken: string }
    expect(first).toMatchObject({ DeveloperUserIdentifierList: ['a', 'b'] })
    const second = await lookup({ IdentityId: identity, MaxResults: 2, NextToken: first.NextToken })
    expect(second).toEqual({ IdentityId: identity, DeveloperUserIdentifierList: ['c'] })
  })
})
