import { Refusal } from '../refusal.js'
import { SESSION_TOKEN_LENGTH_MAX } from './temporary-credentials.js'
import { AnAccess, IDENTITY, POOL } from './testing/an-access.js'

test('[K1] an access key id is ASIA and 16 capitals or digits, new every time', () => {
  const access = new AnAccess()
  const ids = Array.from({ length: 500 }, () => access.issue().accessKeyId)
  for (const id of ids) expect(id).toMatch(/^ASIA[A-Z0-9]{16}$/)
  expect(new Set(ids).size).toBe(ids.length)
})

test('[K2] the secret follows from the key id and the master key alone', () => {
  const issued = new AnAccess().issue()
  expect(issued.secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/)

  const { secretAccessKey } = new AnAccess().temporaryCredentials.open(issued.accessKeyId, issued.sessionToken)!
  expect(secretAccessKey).toBe(issued.secretAccessKey)
  expect(new AnAccess().issue().secretAccessKey).toBe(issued.secretAccessKey) // chance is the same in both, and the key id with it
  expect(new AnAccess(Buffer.alloc(32, 8)).issue()).toMatchObject({ accessKeyId: issued.accessKeyId })
  expect(new AnAccess(Buffer.alloc(32, 8)).issue().secretAccessKey).not.toBe(issued.secretAccessKey)
})

test('[K3] a session token says whose it is and for how long, after a restart too', () => {
  const access = new AnAccess()
  const issued = access.issue({ authenticated: false, sessionName: 'Zoë', lifeSeconds: 900 })
  expect(issued.expiresAt).toBe(access.clock.now() + 900_000)
  expect(new AnAccess().temporaryCredentials.open(issued.accessKeyId, issued.sessionToken)?.caller).toEqual({
    kind: 'identity',
    pool: POOL,
    identity: IDENTITY,
    authenticated: false,
    roleArn: 'arn:aws:iam::123456789012:role/app/Reader',
    sessionName: 'Zoë',
    accessKeyId: issued.accessKeyId,
    expiresAt: issued.expiresAt,
  })
})

test('[K3] the end is a whole second, as clients are told, and never later than granted', () => {
  const access = new AnAccess()
  access.clock.advance(999)
  expect(access.issue({ lifeSeconds: 60 }).expiresAt).toBe(access.clock.now() - 999 + 60_000)
})

test('[K3] a session token opens with its own access key id and master key only', () => {
  const access = new AnAccess()
  const [one, other] = [access.issue(), access.issue()]
  const { temporaryCredentials } = access
  expect(temporaryCredentials.open(one.accessKeyId, other.sessionToken)).toBeNull()
  expect(temporaryCredentials.open(one.accessKeyId, '')).toBeNull()
  expect(new AnAccess(Buffer.alloc(32, 8)).temporaryCredentials.open(one.accessKeyId, one.sessionToken)).toBeNull()
})

test('[K3] what was sealed for another purpose is no session token', () => {
  const access = new AnAccess()
  const { accessKeyId } = access.issue()
  const sealed = access.seal.close('sync-session', [accessKeyId], '{}')
  expect(access.temporaryCredentials.open(accessKeyId, sealed)).toBeNull()
})

test('[K4] a session token stays below 2 KB for the longest role that IAM knows', () => {
  const roleArn = `arn:aws:iam::123456789012:role/${'p'.repeat(511)}/${'r'.repeat(64)}`
  const { sessionToken } = new AnAccess().issue({ roleArn, sessionName: 's'.repeat(64) })
  expect(sessionToken.length).toBeLessThanOrEqual(SESSION_TOKEN_LENGTH_MAX)
  expect(sessionToken).toMatch(/^[A-Za-z][A-Za-z0-9_-]+$/)
})

test('[K4] a longer role is refused, with both lengths', () => {
  const roleArn = `arn:aws:iam::123456789012:role/${'r'.repeat(2000)}`
  const issue = () => new AnAccess().issue({ roleArn })
  expect(issue).toThrow(Refusal)
  expect(issue).toThrow(/the role ARN has 2031 characters, which makes a session token of \d+; at most 2047/)
})

test('[K2] a master key of another length is a defect', () => {
  expect(() => new AnAccess(Buffer.alloc(31))).toThrow('31 bytes')
})
