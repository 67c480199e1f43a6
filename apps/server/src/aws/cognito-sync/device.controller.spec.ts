import { SyncFace, type Guest } from './testing/sync-face.js'

let face: SyncFace
let guest: Guest
beforeAll(async () => {
  face = await SyncFace.start()
  guest = await face.guest()
})
afterAll(() => face.close())

const devicePath = () => `${guest.path.replace('/identities/', '/identity/')}/device`
const subscriptionPath = (device = 'phone') =>
  `${guest.path}/datasets/settings/subscriptions/${encodeURIComponent(device)}`
const register = (body: unknown) => face.call('POST', devicePath(), { as: guest.credentials, body })

test('[F16] push is not set up, and every operation of it says so', async () => {
  const notSetUp = {
    status: 400,
    type: 'InvalidConfigurationException',
    message: 'push synchronization is not set up on this server',
  }
  expect(await register({ Platform: 'GCM', Token: 'token' })).toMatchObject(notSetUp)
  expect(await face.call('POST', subscriptionPath(), { as: guest.credentials })).toMatchObject(notSetUp)
  expect(await face.call('DELETE', subscriptionPath(), { as: guest.credentials })).toMatchObject(notSetUp)
})

test('[F13] the account has no devices', async () => {
  for (const [method, path] of [
    ['POST', devicePath()],
    ['POST', subscriptionPath()],
    ['DELETE', subscriptionPath()],
  ] as const) {
    expect(await face.call(method, path, { body: '{}' })).toMatchObject({
      status: 403,
      message: 'These credentials are not valid for accessing this resource',
    })
  }
})

test.each([
  [{ Token: 't' }, "at 'platform'", 'must not be null'],
  [{ Platform: 'PIGEON', Token: 't' }, "Value 'PIGEON' at 'platform'", '[APNS, APNS_SANDBOX, GCM, ADM]'],
  [{ Platform: 'ADM' }, "at 'token'", 'must not be null'],
  [{ Platform: 'ADM', Token: 1 }, "at 'token'", 'string'],
  [{ Platform: 'ADM', Token: 't'.repeat(4_097) }, "at 'token'", '4096'],
])('[H13] refuses the registration %#', async (body, member, constraint) => {
  const answer = await register(body)
  expect(answer).toMatchObject({ status: 400, type: 'InvalidParameterException' })
  expect(answer.message).toContain(member)
  expect(answer.message).toContain(constraint)
  expect(answer.message).not.toContain('tttt')
})

test('[H11] device ids are bounded', async () => {
  const answer = await face.call('POST', subscriptionPath('d'.repeat(257)), { as: guest.credentials })
  expect(answer.message).toContain(
    "at 'deviceId' failed to satisfy constraint: Member must have length less than or equal to 256",
  )
})
