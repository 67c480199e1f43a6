import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { StoredIdentity } from './identity.js'
import { judgeAccess } from './identity-access.js'
import { judgeSignIn } from './linking.js'

const A = 'us-east-1:a' as IdentityId
const B = 'us-east-1:b' as IdentityId
const POOL = 'us-east-1:0' as IdentityPoolId
const LOGIN = { provider: 'login.example.com', userId: 'ada' }
const OTHER_LOGIN = { provider: 'login.example.com', userId: 'bob' }

const identity = (over: Partial<StoredIdentity> = {}): StoredIdentity => ({
  identity: A,
  pool: POOL,
  createdAt: 1,
  modifiedAt: 1,
  disabledAt: null,
  logins: [],
  ...over,
})

describe('sign-in of a developer user', () => {
  test('[I22] an unknown user without a named identity becomes a new one', () => {
    expect(judgeSignIn({ owner: null, named: 'none' })).toEqual({ kind: 'create' })
  })
  test('[I22] an unknown user joins the guest that was named', () => {
    expect(judgeSignIn({ owner: null, named: identity() })).toEqual({ kind: 'link', identity: A })
  })
  test('[I23] a known user is the identity that has the login, named or not', () => {
    expect(judgeSignIn({ owner: A, named: 'none' })).toEqual({ kind: 'use', identity: A })
    expect(judgeSignIn({ owner: A, named: identity({ logins: [LOGIN] }) })).toEqual({ kind: 'use', identity: A })
  })
  test('[I23] a known user cannot be another identity, guest or not', () => {
    const refused = { kind: 'refuse', why: 'registered-elsewhere' }
    expect(judgeSignIn({ owner: B, named: identity() })).toEqual(refused)
    expect(judgeSignIn({ owner: B, named: identity({ logins: [OTHER_LOGIN] }) })).toEqual(refused)
  })
  test('[I24] an identity with a login takes no further one from a caller who shows none of its own', () => {
    const named = identity({ logins: [OTHER_LOGIN] })
    expect(judgeSignIn({ owner: null, named })).toEqual({ kind: 'refuse', why: 'logins-do-not-match' })
  })
  test('[I18] a disabled identity takes no login, and one that is not there neither', () => {
    expect(judgeSignIn({ owner: A, named: identity({ disabledAt: 5 }) })).toEqual({ kind: 'refuse', why: 'disabled' })
    expect(judgeSignIn({ owner: null, named: 'missing' })).toEqual({ kind: 'refuse', why: 'no-such-identity' })
  })
})

describe('access to an identity', () => {
  const signedIn = identity({ logins: [LOGIN] })

  test('[I17] a guest needs only its id, and a guest token is as good', () => {
    expect(judgeAccess(identity(), { kind: 'none' })).toEqual({ kind: 'guest' })
    expect(judgeAccess(identity(), { kind: 'guest' })).toEqual({ kind: 'guest' })
  })
  test('[I17] an authenticated identity is closed to its mere id and to a guest token', () => {
    expect(judgeAccess(signedIn, { kind: 'none' })).toEqual({ kind: 'refuse', why: 'forbidden' })
    expect(judgeAccess(signedIn, { kind: 'guest' })).toEqual({ kind: 'refuse', why: 'forbidden' })
  })
  test('[I17] an authenticated identity opens to a login it has and to no other', () => {
    expect(judgeAccess(signedIn, { kind: 'login', login: LOGIN })).toEqual({ kind: 'authenticated', login: LOGIN })
    const refused = { kind: 'refuse', why: 'logins-do-not-match' }
    expect(judgeAccess(signedIn, { kind: 'login', login: OTHER_LOGIN })).toEqual(refused)
    expect(judgeAccess(identity(), { kind: 'login', login: LOGIN })).toEqual(refused)
  })
  test('[I18] a disabled identity is closed to all', () => {
    const disabled = identity({ logins: [LOGIN], disabledAt: 5 })
    for (const proof of [{ kind: 'none' }, { kind: 'guest' }, { kind: 'login', login: LOGIN }] as const) {
      expect(judgeAccess(disabled, proof)).toEqual({ kind: 'refuse', why: 'forbidden' })
    }
  })
})
