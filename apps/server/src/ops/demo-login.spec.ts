import type { IdentityId } from '@satchel/protocol'
import { AnIdentitySide, outcomeOf } from '../identity/testing/an-identity-side.js'
import { DEMO_PROVIDER, DemoLogin, parseDemoSignIn } from './demo-login.js'

async function aLogin() {
  const side = new AnIdentitySide()
  const { pool } = await side.aPool({ developerProvider: DEMO_PROVIDER })
  return { side, pool, login: new DemoLogin({ pool, developers: side.service.developers }) }
}

test('a guest who signs in as a new user keeps the identity', async () => {
  const { side, pool, login } = await aLogin()
  const guest = await side.aGuest(pool)
  expect((await login.signIn({ user: 'ada', guest })).identityId).toBe(guest)
})

test('a guest who signs in as a user with an identity becomes that one', async () => {
  const { side, pool, login } = await aLogin()
  const { identityId } = await login.signIn({ user: 'ada', guest: null })
  const guest = await side.aGuest(pool)
  expect((await login.signIn({ user: 'ada', guest })).identityId).toBe(identityId)
  expect(identityId).not.toBe(guest)
})

test('the token is one that the server knows, for that user', async () => {
  const { side, login } = await aLogin()
  const { identityId, token } = await login.signIn({ user: 'ada', guest: null })
  const verdict = await side.service.tokens.verify(token)
  expect(verdict).toMatchObject({
    kind: 'valid',
    claims: { identity: identityId, login: { provider: DEMO_PROVIDER, userId: 'ada' } },
  })
})

test.each([
  ['an array', '[]', 'the body must be an object'],
  ['another member', '{"user":"ada","admin":true}', 'a member other than user and guest'],
  ['no user', '{}', "at 'user' failed to satisfy constraint: Member must not be null"],
  ['a long user', JSON.stringify({ user: 'a'.repeat(65) }), 'Member must have length less than or equal to 64'],
  ['a guest that is no identity', '{"user":"ada","guest":"../x"}', "Value '../x' at 'guest'"],
])('a sign-in with %s is refused with the member named', async (_, body, words) => {
  const outcome = await outcomeOf(Promise.resolve().then(() => parseDemoSignIn(Buffer.from(body))))
  expect(outcome).toMatch(/^InvalidParameter: /)
  expect(outcome).toContain(words)
})

test('a sign-in names a user, and a guest or none', () => {
  const guest = 'us-east-1:00000000-0000-4000-8000-000000000000' as IdentityId
  expect(parseDemoSignIn(Buffer.from('{"user":"ada"}'))).toEqual({ user: 'ada', guest: null })
  expect(parseDemoSignIn(Buffer.from(JSON.stringify({ user: 'ada', guest })))).toEqual({ user: 'ada', guest })
})
