import { adminOf, aDeveloperUser, aGuest, aPool, datasetOf, DEVELOPER_PROVIDER, ROLES } from '../support/a-pool.js'
import { AWS, CognitoDevice } from '../support/cognito-device.js'
import { startServer, type RunningServer } from '../support/start-server.js'

const SYNCED = { kind: 'synced' }

let server: RunningServer
let admin: ReturnType<typeof adminOf>
let pool: string

beforeAll(async () => {
  server = await startServer()
  admin = adminOf(server)
  pool = await aPool(server, { AllowClassicFlow: true })
}, 60_000)

afterAll(() => server.stop())

/** Two devices of one new guest. */
async function twoDevices(): Promise<readonly [CognitoDevice, CognitoDevice]> {
  const phone = await CognitoDevice.open(server, { pool })
  return [phone, await CognitoDevice.open(server, { pool, identity: phone.identity })]
}

/** One dataset on both devices, with a record that both know. */
async function shared(name = 'settings') {
  const [phone, laptop] = await twoDevices()
  const [here, there] = [await phone.dataset(name), await laptop.dataset(name)]
  await here.put('theme', 'dark')
  expect(await here.synchronize()).toEqual(SYNCED)
  expect(await there.synchronize()).toEqual(SYNCED)
  return { identity: phone.identity, here, there }
}

describe('two devices with amazon-cognito-js', () => {
  test('what one writes the other has, in any script', async () => {
    const { here, there } = await shared()
    const words = {
      ar: 'العربية',
      el: 'Ελληνικά',
      hi: 'हिन्दी',
      ja: '日本語',
      ka: 'ქართული',
      th: 'ไทย',
      zh: '中文',
      emoji: '👩‍👩‍👧',
    }
    await here.putAll(words)
    expect(await here.synchronize()).toEqual(SYNCED)
    expect(await there.synchronize()).toEqual(SYNCED)
    expect(await there.all()).toEqual({ theme: 'dark', ...words })
    expect(await there.lastSyncCount()).toBe(2)
  })

  test('[L1] a full dataset of 1,024 records travels in one update and one page', async () => {
    const [phone, laptop] = await twoDevices()
    const [here, there] = [await phone.dataset('full'), await laptop.dataset('full')]
    const records = Object.fromEntries(Array.from({ length: 1_024 }, (_, n) => [`key.${n}:x`, `value ${n}`]))
    // One by one, since the client's own putAll recurses once per record.
    for (const [key, value] of Object.entries(records)) await here.put(key, value)
    expect(await here.synchronize()).toEqual(SYNCED)
    expect(await there.synchronize()).toEqual(SYNCED)
    expect(await there.all()).toEqual(records)
  }, 30_000)

  test.each([
    ['remote', 'from the phone'],
    ['local', 'from the laptop'],
    ['value', 'from the phone and the laptop'],
  ] as const)('an edit of one key on both is a conflict, resolved with the %s record', async (choice, expected) => {
    const { here, there } = await shared()
    await here.put('theme', 'from the phone')
    await there.put('theme', 'from the laptop')
    expect(await here.synchronize()).toEqual(SYNCED)
    const seen: unknown[] = []
    const outcome = await there.synchronize((conflicts) =>
      conflicts.map((conflict) => {
        const [remote, local] = [conflict.getRemoteRecord().getValue(), conflict.getLocalRecord().getValue()]
        seen.push([conflict.getKey(), remote, local])
        if (choice === 'remote') return conflict.resolveWithRemoteRecord()
        if (choice === 'local') return conflict.resolveWithLocalRecord()
        return conflict.resolveWithValue('from the phone and the laptop')
      }),
    )
    expect(outcome).toEqual(SYNCED)
    expect(seen).toEqual([['theme', 'from the phone', 'from the laptop']])
    expect(await here.synchronize()).toEqual(SYNCED)
    expect([await here.get('theme'), await there.get('theme')]).toEqual([expected, expected])
  })

  test('a conflict that nobody resolves fails the synchronization and loses neither side', async () => {
    const { here, there } = await shared()
    await here.put('theme', 'one')
    await there.put('theme', 'two')
    expect(await here.synchronize()).toEqual(SYNCED)
    expect(await there.synchronize()).toMatchObject({ kind: 'failed' })
    expect([await here.get('theme'), await there.get('theme')]).toEqual(['one', 'two'])
  })

  test('[P1] [P2] a removal reaches the other device, and the key can be used again', async () => {
    const { here, there } = await shared()
    await here.remove('theme')
    expect(await here.synchronize()).toEqual(SYNCED)
    expect(await there.synchronize()).toEqual(SYNCED)
    expect(await there.all()).toEqual({ theme: '' })
    await there.put('theme', 'light')
    expect(await there.synchronize()).toEqual(SYNCED)
    expect(await here.synchronize()).toEqual(SYNCED)
    expect(await here.get('theme')).toBe('light')
  })

  test('[D5] a device that was there before a deletion is told of it, a new one is not', async () => {
    const { identity, here } = await shared()
    await admin.sync.deleteDataset(datasetOf({ pool, identity }))
    expect(await here.synchronize()).toMatchObject({ kind: 'failed', deleted: true })
    const fresh = await (await CognitoDevice.open(server, { pool, identity })).dataset('settings')
    expect(await fresh.synchronize()).toEqual(SYNCED)
    await fresh.put('theme', 'anew')
    expect(await fresh.synchronize()).toEqual(SYNCED)
    expect(await fresh.lastSyncCount()).toBe(3)
    expect(await here.synchronize()).toMatchObject({ kind: 'failed', deleted: true })
  })

  test.each(['a:b', 'a.b-c_d:e.f', ':', 'x'.repeat(128)])('a dataset may be called %s', async (name) => {
    const { there } = await shared(name)
    expect(await there.get('theme')).toBe('dark')
  })

  test('many rounds of both writing end with both alike', async () => {
    const { here, there } = await shared()
    for (let round = 0; round < 10; round++) {
      await here.put(`phone.${round}`, `${round}`)
      await there.put(`laptop.${round}`, `${round}`)
      expect(await here.synchronize()).toEqual(SYNCED)
      expect(await there.synchronize()).toEqual(SYNCED)
      expect(await here.synchronize()).toEqual(SYNCED)
    }
    const all = await here.all()
    expect(Object.keys(all)).toHaveLength(21)
    expect(await there.all()).toEqual(all)
  })
})

describe('identities with SDK v2', () => {
  test('a guest who signs in with the backend keeps identity and data', async () => {
    const guest = await CognitoDevice.open(server, { pool })
    const before = await guest.dataset('settings')
    await before.put('theme', 'dark')
    expect(await before.synchronize()).toEqual(SYNCED)
    const { IdentityId, Token } = await admin.identity.getOpenIdTokenForDeveloperIdentity({
      IdentityPoolId: pool,
      IdentityId: guest.identity,
      Logins: { [DEVELOPER_PROVIDER]: 'v2 user' },
    })
    const logins = { 'cognito-identity.amazonaws.com': Token! }
    const signedIn = await CognitoDevice.open(server, { pool, identity: IdentityId!, logins })
    const after = await signedIn.dataset('settings')
    expect(await after.synchronize()).toEqual(SYNCED)
    expect([signedIn.identity, await after.get('theme')]).toEqual([guest.identity, 'dark'])
    expect((await aDeveloperUser(server, pool, 'v2 user')).identity).toBe(guest.identity)
  })

  test('with a role the SDK takes the basic flow through STS', async () => {
    const device = await CognitoDevice.open(server, { pool, roleArn: ROLES.unauthenticated })
    const dataset = await device.dataset('settings')
    await dataset.put('theme', 'dark')
    expect(await dataset.synchronize()).toEqual(SYNCED)
  })
})

describe('the client of SDK v2', () => {
  test('knows errors by code, status and text', async () => {
    const me = await aGuest(server, pool)
    const sync = new AWS.CognitoSync({ endpoint: server.url, region: 'us-east-1', credentials: me.credentials })
    const path = datasetOf(me)
    await expect(sync.describeDataset(path).promise()).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
      statusCode: 404,
      message: "Dataset 'settings' not found.",
    })
    const { SyncSessionToken } = await sync.listRecords(path).promise()
    const RecordPatches = [{ Op: 'replace', Key: 'a', Value: '1', SyncCount: 3 }]
    await expect(
      sync.updateRecords({ ...path, SyncSessionToken: SyncSessionToken!, RecordPatches }).promise(),
    ).rejects.toMatchObject({
      code: 'ResourceConflictException',
      statusCode: 409,
      message: 'Current SyncCount for: a is: 0 not: 3',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
  })

  test.each([-20, 20])('[A9] corrects a clock that is off by %i minutes', async (minutes) => {
    const me = await aGuest(server, pool)
    const sync = new AWS.CognitoSync({
      endpoint: server.url,
      region: 'us-east-1',
      credentials: me.credentials,
      systemClockOffset: minutes * 60_000,
      correctClockSkew: true,
    })
    expect(await sync.listRecords(datasetOf(me)).promise()).toMatchObject({ DatasetExists: false })
  })
})
