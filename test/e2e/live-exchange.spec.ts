import { CognitoSync } from '@aws-sdk/client-cognito-sync'
import { randomUUID } from 'node:crypto'
import { adminOf, aPool, at, datasetOf, withCredentials } from '../support/a-pool.js'
import { CognitoDevice } from '../support/cognito-device.js'
import { eventually } from '../support/eventually.js'
import { exchange } from '../support/http-exchange.js'
import {
  aGuestBearer,
  batchOf,
  codeOf,
  LiveDevice,
  settled,
  syncOverHttp,
  twin,
  watchOverHttp,
  type Bearer,
} from '../support/live-device.js'
import { startServer, type RunningServer } from '../support/start-server.js'

let server: RunningServer
let pool: string
const devices: LiveDevice[] = []

const open = async (bearer: Bearer, name?: string) => {
  const device = await LiveDevice.open(server, bearer, name === undefined ? {} : { name })
  devices.push(device)
  return device
}

const aGuest = () => aGuestBearer(server, pool)

beforeAll(async () => {
  server = await startServer()
  pool = await aPool(server, { AllowClassicFlow: true })
}, 60_000)

afterEach(() => devices.splice(0).forEach((device) => device.close()))
afterAll(() => server.stop())

test('[NB9] what a socket writes the AWS SDK reads, and what the SDK writes a socket is told of', async () => {
  const bearer = await aGuest()
  const [writer, reader] = [await open(bearer, 'writer'), await open(bearer, 'reader')]
  await reader.watch({ dataset: 'settings' })
  const written = await writer.sync({ dataset: 'settings', batch: batchOf(1, { key: 'theme', value: 'dark' }) })
  expect(written.datasets[0]?.batch).toMatchObject({ outcome: 'accepted', syncCount: 1, by: 'writer' })
  expect((await reader.hints(1))[0]).toMatchObject({
    dataset: 'settings',
    base: 0,
    through: 1,
    records: [{ key: 'theme', value: 'dark', syncCount: 1, modifiedBy: 'writer' }],
  })

  const { credentials } = await withCredentials(server, bearer)
  const sync = new CognitoSync({ ...at(server), credentials })
  const listing = await sync.listRecords(datasetOf(bearer))
  expect(listing.Records).toMatchObject([{ Key: 'theme', Value: 'dark', SyncCount: 1, LastModifiedBy: 'writer' }])
  const { SyncSessionToken } = listing
  await sync.updateRecords({
    ...datasetOf(bearer),
    SyncSessionToken,
    RecordPatches: [{ Op: 'replace', Key: 'theme', Value: 'light', SyncCount: 1 }],
  })
  expect((await reader.hints(2))[1]).toMatchObject({
    base: 1,
    through: 2,
    records: [{ key: 'theme', value: 'light', syncCount: 2 }],
  })
})

test('[NB9] a device on amazon-cognito-js and one on a socket share a dataset, live', async () => {
  const old = await CognitoDevice.open(server, { pool })
  const token = await eventually(() => aToken(old.identity), 10_000)
  const live = await open({ pool, identity: old.identity, token })
  await live.watch({ dataset: 'settings' })
  const settings = await old.dataset('settings')
  await settings.put('language', 'de')
  expect(await settings.synchronize()).toEqual({ kind: 'synced' })
  const [hint] = await live.hints(1)
  expect(hint).toMatchObject({ through: 1, records: [{ key: 'language', value: 'de' }] })
  const since = hint!.through
  await live.sync({
    dataset: 'settings',
    epoch: hint!.epoch,
    since,
    batch: batchOf(1, { key: 'language', value: 'fr', base: 1 }, { key: 'theme', value: 'dark' }),
  })
  expect(await settings.synchronize()).toEqual({ kind: 'synced' })
  expect(await settings.all()).toEqual({ language: 'fr', theme: 'dark' })
}, 30_000)

test('[NB10] a change is told to the sockets that watch its dataset, but not to the one that made it', async () => {
  const bearer = await aGuest()
  const [writer, watching, elsewhere, silent] = [
    await open(bearer, 'shared'),
    await open(bearer, 'shared'), // the same device on another socket may have lost its answer
    await open(bearer),
    await open(bearer),
  ]
  await writer.watch({ dataset: 'settings' })
  await watching.watch({ dataset: 'settings' })
  await elsewhere.watch({ dataset: 'notes' })
  await writer.sync({ dataset: 'settings', batch: batchOf(1, { key: 'theme', value: 'dark' }) })
  await watching.hints(1)
  await writer.sync({ dataset: 'notes', batch: batchOf(2, { key: 'first', value: 'x' }) })
  expect((await elsewhere.hints(1)).map(({ dataset }) => dataset)).toEqual(['notes'])
  for (const device of [writer, silent]) {
    await device.ask('watch', { datasets: [] })
    expect(device.changed).toEqual([])
  }
  await watching.watch({ dataset: 'notes', since: 1, epoch: 1 })
  await writer.sync({ dataset: 'settings', batch: batchOf(3, { key: 'font', value: 'mono' }) })
  await watching.ask('watch', { datasets: [] })
  expect(watching.changed).toHaveLength(1)
})

test('[NB10] a change of more than 262,144 bytes is hinted at without its records, and so is a deletion', async () => {
  const bearer = await aGuest()
  const [writer, reader] = [await open(bearer), await open(bearer)]
  await reader.watch({ dataset: 'big' })
  await writer.sync({ dataset: 'big', batch: batchOf(1, { key: 'k', value: 'v'.repeat(65_535) }) })
  await writer.sync({ dataset: 'big', batch: batchOf(2, { key: 'l', value: 'v'.repeat(262_144) }) })
  const { credentials } = await withCredentials(server, bearer)
  await new CognitoSync({ ...at(server), credentials }).deleteDataset(datasetOf(bearer, 'big'))
  const hints = await reader.hints(3)
  expect(hints.map(({ base, through, records }) => [base, through, records?.length ?? null])).toEqual([
    [0, 1, 1],
    [1, 2, null],
    [2, 3, null],
  ])
})

test('[NB11] a watch answers which datasets have moved on, and no change falls between it and the hints', async () => {
  const bearer = await aGuest()
  const [writer, reader] = [await open(bearer), await open(bearer)]
  await writer.sync({ dataset: 'settings', batch: batchOf(1, { key: 'k0', value: '0' }) })
  const writing = (async () => {
    for (let number = 2; number <= 60; number++) {
      await writer.sync({ dataset: 'settings', batch: batchOf(number, { key: `k${number}`, value: 'v' }) })
    }
  })()
  await eventually(async () => {
    reader.changed.length = 0
    const { changed } = await reader.watch({ dataset: 'settings', epoch: 1, since: 1 })
    const through = changed[0]?.through ?? 0
    return settled(through > 5, 'too early')
  }, 5_000)
  const { changed } = await reader.watch({ dataset: 'settings', epoch: 1, since: 1 })
  const known = changed[0]!.through
  await writing
  await eventually(() => settled(reader.changed.at(-1)?.through === 60, 'not all hints yet'), 5_000)
  const heard = new Set(reader.changed.map(({ through }) => through as number))
  for (let count = known + 1; count <= 60; count++) expect(heard).toContain(count)
}, 30_000)

test('[NB14] no other identity ever hears of a change, by whatever it watches', async () => {
  const canary = `canary.${randomUUID()}`
  const victim = await aGuest()
  const [writer, own] = [await open(victim), await open(victim)]
  const strangers = await Promise.all([aGuest(), aGuest(), aGuest()].map(async (one) => open(await one)))
  for (const device of [own, ...strangers]) await device.watch({ dataset: canary })
  const waiting = watchOverHttp(server, (await aGuest()).token, { datasets: [{ dataset: canary, epoch: 0, since: 0 }] })
  for (let number = 1; number <= 20; number++) {
    await writer.sync({ dataset: canary, batch: batchOf(number, { key: `${canary}${number}`, value: canary }) })
  }
  await own.hints(20)
  for (const device of strangers) {
    const answer = await device.sync({ dataset: canary })
    expect(JSON.stringify([answer.datasets[0]?.changes, device.changed, device.strange])).not.toContain('canary')
    expect(answer.datasets[0]?.changes).toMatchObject({ exists: false, records: [] })
  }
  expect(JSON.stringify(await server.log())).not.toContain(canary)
  expect(await waiting).toEqual({ changed: [] })
}, 40_000)

describe('[NB15] over HTTP', () => {
  test('the same messages have the same answers', async () => {
    const bearer = await aGuest()
    const hello = await twin(server, 'hello', '', { token: bearer.token })
    expect(hello.headers['satchel-protocol']).toBe('1')
    expect(hello.json()).toMatchObject({ ok: true, answer: { protocol: 1, pool, identity: bearer.identity } })
    const request = {
      device: 'over HTTP',
      datasets: [
        { dataset: 'settings', epoch: 0, since: 0, page: null, batch: batchOf(1, { key: 'theme', value: 'dark' }) },
      ],
    }
    const live = await open(bearer)
    await live.watch({ dataset: 'settings' })
    const [first, again] = [
      await syncOverHttp(server, bearer.token, request),
      await syncOverHttp(server, bearer.token, request),
    ]
    expect(first.datasets[0]?.batch).toMatchObject({ outcome: 'accepted', syncCount: 1, by: 'over HTTP' })
    expect(again.datasets[0]?.batch).toEqual(first.datasets[0]?.batch)
    expect((await live.hints(1))[0]).toMatchObject({ through: 1, records: [{ key: 'theme' }] })
    expect((await live.sync({ dataset: 'settings' })).datasets[0]?.changes?.records).toHaveLength(1)
  })

  test.each([
    ['no token', {}, 403, 'MissingAuthenticationToken'],
    ['another scheme', { authorization: 'Basic YTpi' }, 403, 'MissingAuthenticationToken'],
    ['what is no token', { authorization: 'Bearer abc' }, 400, 'InvalidIdentityToken'],
  ])('%s is refused', async (_, headers, status, code) => {
    const answer = await twin(server, 'sync', { device: 'd', datasets: [] }, headers)
    expect([answer.status, codeOf(answer.json()), answer.headers['satchel-protocol']]).toEqual([status, code, '1'])
  })

  test('every refusal is an answer of the protocol with a status that fits', async () => {
    const { token } = await aGuest()
    const cases: [string, string | Buffer, number, string][] = [
      ['sync', '{"device":"d"', 400, 'Serialization'],
      ['sync', '{"device":"d","device":"d","datasets":[]}', 400, 'Serialization'],
      ['sync', '{"device":"d","datasets":[],"more":1}', 400, 'InvalidParameter'],
      ['sync', '[]', 400, 'InvalidParameter'],
      ['sync', `{"device":${'['.repeat(100)}${']'.repeat(100)},"datasets":[]}`, 400, 'Serialization'],
      ['sync', Buffer.alloc(20 * 1_048_576, 0x20), 413, 'RequestTooLarge'],
      ['hello', '{"a":1}', 400, 'InvalidParameter'],
      ['watch', '', 400, 'InvalidParameter'],
      ['nothing', '{}', 404, 'UnknownOperation'],
    ]
    for (const [message, body, status, code] of cases) {
      const answer = await twin(server, message, body, { token })
      expect([answer.status, codeOf(answer.json())]).toEqual([status, code])
    }
    const got = await exchange(server.url, { target: '/sync/v1/sync' })
    expect([got.status, codeOf(got.json())]).toEqual([404, 'UnknownOperation'])
  })

  test('a page may ask, and may read the version in the answer', async () => {
    const origin = 'http://localhost:5173'
    const asked = await exchange(server.url, {
      method: 'OPTIONS',
      target: '/sync/v1/sync',
      headers: { origin, 'access-control-request-method': 'POST' },
    })
    expect(asked.headers['access-control-allow-headers']).toContain('authorization')
    expect(asked.headers['access-control-allow-origin']).toBe(origin)
    const { token } = await aGuest()
    const answer = await twin(server, 'sync', { device: 'd', datasets: [] }, { token, origin })
    expect(answer.headers['access-control-expose-headers']).toContain('satchel-protocol')
  })

  test('a token of an identity that was deleted is refused with the very next request', async () => {
    const { token, identity } = await aGuest()
    await syncOverHttp(server, token, { device: 'd', datasets: [] })
    await adminOf(server).identity.deleteIdentities({ IdentityIdsToDelete: [identity] })
    const answer = await twin(server, 'sync', { device: 'd', datasets: [] }, { token })
    expect([answer.status, codeOf(answer.json())]).toEqual([403, 'NotAuthorized'])
  })
})

test('[NB16] a watch over HTTP waits for the first change, and brings what was written', async () => {
  const bearer = await aGuest()
  const writer = await open(bearer)
  const asked = { datasets: [{ dataset: 'settings', epoch: 0, since: 0 }] }
  const waiting = watchOverHttp(server, bearer.token, asked)
  const before = performance.now()
  await eventually(async () => {
    await writer.sync({
      dataset: 'other',
      batch: batchOf(Math.ceil(performance.now()), { key: `${performance.now()}`, value: 'v' }),
    })
    return settled(performance.now() - before > 300, 'not long enough')
  }, 5_000)
  await writer.sync({ dataset: 'settings', batch: batchOf(2 ** 40, { key: 'theme', value: 'dark' }) })
  const { changed } = await waiting
  expect(changed).toMatchObject([{ dataset: 'settings', base: 0, through: 1, records: [{ value: 'dark' }] }])
  // Whoever comes too late is told at once.
  expect((await watchOverHttp(server, bearer.token, asked)).changed).toMatchObject([{ through: 1, records: null }])
})

test('[NB16] an identity has no more than 32 watches waiting over HTTP, and one that goes away makes room', async () => {
  const { token } = await aGuest()
  const ask = (signal: AbortSignal) =>
    fetch(`${server.url}/sync/v1/watch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ datasets: [{ dataset: 'settings', epoch: 0, since: 0 }] }),
      signal,
    })
  const gone = new AbortController()
  const waiting = Array.from({ length: 40 }, () =>
    ask(gone.signal).then(
      ({ status }) => status,
      () => 0,
    ),
  )
  const refused = await Promise.race(waiting)
  expect(refused).toBe(429)
  gone.abort()
  await Promise.all(waiting)
  await eventually(async () => {
    const once = new AbortController()
    const asked = ask(once.signal).then(
      ({ status }) => status,
      () => 0,
    )
    const answered = await Promise.race([asked, new Promise<number>((done) => setTimeout(() => done(200), 300))])
    once.abort()
    return settled(answered === 200, 'no room yet')
  }, 10_000)
}, 30_000)

async function aToken(identity: string): Promise<string> {
  const { guestToken } = await import('../support/live-device.js')
  return guestToken(server, identity)
}
