import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { importJWK, jwtVerify, SignJWT, type JWTPayload } from 'jose'
import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { TokenGrant } from './openid-tokens.js'
import { AnIdentitySide, ISSUER, partsOf, PLACE, TEST_KEY } from './testing/an-identity-side.js'

const POOL = 'eu-central-1:11111111-1111-4111-8111-111111111111' as IdentityPoolId
const IDENTITY = 'eu-central-1:22222222-2222-4222-8222-222222222222' as IdentityId
const LOGIN = { provider: 'login.example.com', userId: 'ada' }
const GRANT: TokenGrant = {
  pool: POOL,
  identity: IDENTITY,
  login: LOGIN,
  principalTags: new Map(),
  lifeSeconds: 600,
}

let side: AnIdentitySide
let now: number

beforeEach(() => {
  side = new AnIdentitySide()
  now = side.clock.now() / 1_000
})

const issue = (over: Partial<TokenGrant> = {}) => side.service.tokens.issue({ ...GRANT, ...over })
const verify = (token: string) => side.service.tokens.verify(token)
const kindOf = async (token: string) => (await verify(token)).kind

describe('issued tokens', () => {
  test('[J1] the header is RS512, JWS, and a key id of region and digits', async () => {
    expect(partsOf(await issue()).header).toEqual({
      alg: 'RS512',
      typ: 'JWS',
      kid: expect.stringMatching(/^eu-central-1\d+$/),
    })
  })

  test('[J4] [J5] the claims are the ones that AWS publishes', async () => {
    expect(partsOf(await issue()).claims).toEqual({
      iss: ISSUER,
      aud: POOL,
      sub: IDENTITY,
      amr: ['authenticated', LOGIN.provider, `${LOGIN.provider}:${POOL}:ada`],
      'https://cognito-identity.amazonaws.com/identity-pool-arn': `arn:aws:cognito-identity:${PLACE.region}:${PLACE.accountId}:identitypool/${POOL}`,
      iat: now,
      exp: now + 600,
    })
  })

  test('[J5] a guest is unauthenticated', async () => {
    expect(partsOf(await issue({ login: null })).claims.amr).toEqual(['unauthenticated'])
  })

  test('[J6] principal tags are lists under their names, whatever these are', async () => {
    const token = await issue({
      principalTags: new Map([
        ['team', 'red'],
        ['__proto__', 'x'],
      ]),
    })
    const json = Buffer.from(token.split('.')[1]!, 'base64url').toString()
    expect(json).toContain('"https://aws.amazon.com/tags":{"principal_tags":{"team":["red"],"__proto__":["x"]}}')
  })

  test('[J10] anybody can verify a token with the published keys', async () => {
    const token = await issue()
    const { keys } = await side.service.discovery.keySet()
    const { payload } = await jwtVerify(token, await importJWK(keys[0]!), {
      issuer: ISSUER,
      audience: POOL,
      currentDate: new Date(side.clock.now()),
    })
    expect(payload.sub).toBe(IDENTITY)
  })
})

describe('tokens that come back', () => {
  test('[J7] our own token is believed until it expires, and not a second longer', async () => {
    const token = await issue()
    const claims = { pool: POOL, identity: IDENTITY, login: LOGIN }
    expect(await verify(token)).toMatchObject({ kind: 'valid', claims })
    side.clock.advance(599_000)
    expect(await verify(token)).toMatchObject({ kind: 'valid', claims })
    side.clock.advance(1_000)
    expect(await verify(token)).toEqual({ kind: 'expired', now: now + 600, expiredAt: now + 600 })
  })

  test('[J5] a user id may hold colons, spaces and other scripts', async () => {
    for (const userId of ['a:b:c', ' ', 'юзер 𝒜', 'x'.repeat(1_024)]) {
      const login = { ...LOGIN, userId }
      expect(await verify(await issue({ login }))).toMatchObject({ claims: { login } })
    }
  })

  test('[J7] another server of the same key is another issuer', async () => {
    const other = new AnIdentitySide({ issuer: 'http://127.0.0.1:4681' })
    expect((await other.service.tokens.verify(await issue())).kind).toBe('foreign')
  })
})

describe('forged tokens', () => {
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const goodHeader = async () => partsOf(await issue()).header
  const goodClaims = async () => partsOf(await issue()).claims as JWTPayload

  /** Signed with our own key, so that only what is said is wrong. */
  const ours = async (header: Record<string, unknown>, claims: object, key: KeyObject = TEST_KEY): Promise<string> => {
    const text = `${encode({ ...(await goodHeader()), ...header })}.${encode({ ...(await goodClaims()), ...claims })}`
    return `${text}.${sign('sha512', Buffer.from(text), key).toString('base64url')}`
  }

  test('[J7] the test signs as the server does', async () => {
    expect(await kindOf(await ours({}, {}))).toBe('valid')
  })

  test.each(['none', 'None', 'NONE', 'nOnE', ''])('[J7] algorithm "%s" is refused, signed or not', async (alg) => {
    const text = `${encode({ ...(await goodHeader()), alg })}.${encode(await goodClaims())}`
    for (const token of [`${text}.`, `${text}.AAAA`, await ours({ alg }, {})]) {
      expect(await kindOf(token)).not.toBe('valid')
    }
  })

  test('[J7] HS256 and HS512 with the public key as secret are refused', async () => {
    const pem = createPublicKey(TEST_KEY).export({ type: 'spki', format: 'pem' })
    for (const [alg, hash] of [
      ['HS256', 'sha256'],
      ['HS512', 'sha512'],
    ] as const) {
      const text = `${encode({ ...(await goodHeader()), alg })}.${encode(await goodClaims())}`
      const token = `${text}.${createHmac(hash, pem).update(text).digest('base64url')}`
      expect(await kindOf(token)).toBe('foreign')
    }
  })

  test.each(['RS256', 'RS384', 'PS256', 'PS512', 'ES512', 'EdDSA', 'rs512'])(
    '[J7] %s is refused, even with our key',
    async (alg) => {
      const claims = await goodClaims()
      const signer = new SignJWT(claims).setProtectedHeader({ ...(await goodHeader()), alg })
      const token = /^(RS|PS)/.test(alg) ? await signer.sign(TEST_KEY) : await ours({ alg }, {})
      expect(await kindOf(token)).toBe('foreign')
    },
  )

  test('[J7] a key id that is missing, unknown or not a text finds no key', async () => {
    const { kid } = (await goodHeader()) as { kid: string }
    for (const wrong of [
      undefined,
      null,
      'eu-central-11',
      `${kid} `,
      '../../etc/passwd',
      "' OR 1=1 --",
      [kid],
      { kid },
      1,
      '',
    ]) {
      expect(await kindOf(await ours({ kid: wrong }, {}))).toBe('foreign')
    }
    expect(await kindOf(await ours({ kid: '__proto__' }, {}))).toBe('foreign')
  })

  test('[J7] headers that bring a key along, or anything else, are refused', async () => {
    const jwk = createPublicKey(stranger).export({ format: 'jwk' })
    const extras = [
      { jwk },
      { jku: 'http://127.0.0.1/keys' },
      { x5u: 'http://127.0.0.1/cert' },
      { x5c: ['MIIB'] },
      { crit: ['exp'], exp: 1 },
      { b64: false, crit: ['b64'] },
      { zip: 'DEF' },
      { cty: 'JWT' },
      { typ: 'JWT' },
      { typ: undefined },
    ]
    for (const extra of extras) {
      expect(await kindOf(await ours(extra, {}))).toBe('foreign')
      expect(await kindOf(await ours(extra, {}, stranger))).toBe('foreign')
    }
  })

  test('[J7] a stranger with our key id has not signed', async () => {
    expect(await kindOf(await ours({}, {}, stranger))).toBe('unverified')
  })

  test('[J7] an issuer or audience that is wrong, missing, a list or a prefix is refused', async () => {
    for (const iss of [
      undefined,
      '',
      `${ISSUER}/`,
      ISSUER.slice(0, -1),
      [ISSUER],
      'https://cognito-identity.amazonaws.com',
      5,
    ]) {
      expect(await kindOf(await ours({}, { iss }))).toBe('foreign')
    }
    for (const aud of [undefined, [POOL], [POOL, 'x'], 5]) expect(await kindOf(await ours({}, { aud }))).toBe('foreign')
    for (const sub of [undefined, [IDENTITY], 5]) expect(await kindOf(await ours({}, { sub }))).toBe('foreign')
  })

  test('[J9] times that are missing, texts, past or ahead are refused', async () => {
    expect(await kindOf(await ours({}, { exp: now }))).toBe('expired')
    expect(await kindOf(await ours({}, { exp: now - 1 }))).toBe('expired')
    for (const exp of [undefined, null, `${now + 60}`, [now + 60]]) {
      expect(await kindOf(await ours({}, { exp }))).toBe('foreign')
    }
    for (const iat of [undefined, `${now}`, now + 61]) expect(await kindOf(await ours({}, { iat }))).toBe('foreign')
    expect(await kindOf(await ours({}, { iat: now + 60 }))).toBe('valid')
    expect(await kindOf(await ours({}, { nbf: now + 3_600 }))).toBe('foreign')
  })

  test('[J5] ways of signing in that we do not write are refused', async () => {
    const provider = LOGIN.provider
    const user = `${provider}:${POOL}:ada`
    const wrong = [
      undefined,
      'authenticated',
      [],
      ['authenticated'],
      ['authenticated', provider],
      ['unauthenticated', provider],
      ['unauthenticated', 'authenticated'],
      ['authenticated', provider, 5],
      ['authenticated', provider, user, 'more'],
      ['authenticated', 'other', user],
      ['authenticated', provider, `${provider}:eu-central-1:0:ada`],
      ['admin', provider, user],
    ]
    for (const amr of wrong) expect(await kindOf(await ours({}, { amr }))).toBe('foreign')
  })

  test('[J8] only one spelling of a token is one', async () => {
    const token = await issue()
    const [header, claims, signature] = token.split('.') as [string, string, string]
    // 342 letters spell 256 bytes, so the last letter has four bits that mean nothing.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet[alphabet.indexOf(signature.at(-1)!) ^ 1]!
    for (const forged of [
      `${token}=`,
      `${token}==`,
      ` ${token}`,
      `${token}\n`,
      `${header}.${claims}.${signature.slice(0, -1)}${last}`,
      `${header}=.${claims}.${signature}`,
      `${header}.${claims}`,
      `${header}.${claims}.`,
      `${token}.${signature}`,
      `${header}..${claims}.${signature}.x`,
      `${header.replace('e', '+')}.${claims}.${signature}`,
    ]) {
      expect(await kindOf(forged)).toBe('malformed')
    }
  })

  test('[J8] what is no token, and what is far too long, is malformed', async () => {
    for (const forged of [
      '',
      '.',
      '..',
      '...',
      'a.b.c',
      `${encode('x')}.${encode({})}.AAAA`,
      `${encode([])}.e30.AAAA`,
      'null',
    ]) {
      expect(await kindOf(forged)).toBe('malformed')
    }
    expect(await kindOf(`${encode({ alg: 'RS512' })}.${'A'.repeat(1_048_576)}.AAAA`)).toBe('malformed')
    const encrypted = `${encode({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.AAAA.AAAA.AAAA.AAAA`
    expect(await kindOf(encrypted)).toBe('malformed')
    expect(await kindOf(`${encode({ alg: 'RS512', typ: 'JWS', kid: 'x' })}.${encode(await issue())}.AAAA`)).toBe(
      'foreign',
    )
  })

  test('[J7] no byte of a token can be changed', async () => {
    const token = await issue()
    for (let at = 0; at < token.length; at += 7) {
      const forged = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
      expect(await kindOf(forged)).not.toBe('valid')
    }
  })
})
