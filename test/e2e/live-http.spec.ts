import { adminOf } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { exchange } from '../support/http-exchange.js'
import { batchOf, codeOf, settled, syncOverHttp, twin, watchOverHttp } from '../support/live-device.js'
import { LivePeople } from '../support/live-people.js'

const people = new LivePeople()

describe('[NB15] over HTTP', () => {
  test('the same messages have the same answers', async () => {
    const bearer = await people.aGuest()
    const hello = await twin(people.server, 'hello', '', { token: bearer.token })
    expect(hello.headers['satchel-protocol']).toBe('1')
    expect(hello.json()).toMatchObject({
      ok: true,
      answer: { protocol: 1, pool: people.pool, identity: bearer.identity },
    })
    const request = {
      device: 'over HTTP',
      datasets: [
        { dataset: 'settings', epoch: 0, since: 0, page: null, batch: batchOf(1, { key: 'theme', value: 'dark' }) },
      ],
    }
    const live = await people.open(bearer)
    await live.watch({ dataset: 'settings' })
    const [first, again] = [
      await syncOverHttp(people.server, bearer.token, request),
      await syncOverHttp(people.server, bearer.token, request),
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
    const answer = await twin(people.server, 'sync', { device: 'd', datasets: [] }, headers)
    expect([answer.status, codeOf(answer.json()), answer.headers['satchel-protocol']]).toEqual([status, code, '1'])
  })

  test('every refusal is an answer of the protocol with a status that fits', async () => {
    const { token } = await people.aGuest()
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
      const answer = await twin(people.server, message, body, { token })
      expect([answer.status, codeOf(answer.json())]).toEqual([status, code])
    }
    const got = await exchange(people.server.url, { target: '/sync/v1/sync' })
    expect([got.status, codeOf(got.json())]).toEqual([404, 'UnknownOperation'])
  })

  test('a page may ask, and may read the version in the answer', async () => {
    const origin = 'http://localhost:5173'
    const asked = await exchange(people.server.url, {
      method: 'OPTIONS',
      target: '/sync/v1/sync',
      headers: { origin, 'access-control-request-method': 'POST' },
    })
    expect(asked.headers['access-control-allow-headers']).toContain('authorization')
    expect(asked.headers['access-control-allow-origin']).toBe(origin)
    const { token } = await people.aGuest()
    const answer = await twin(people.server, 'sync', { device: 'd', datasets: [] }, { token, origin })
    expect(answer.headers['access-control-expose-headers']).toContain('satchel-protocol')
  })

  test('a token of an identity that was deleted is refused with the very next request', async () => {
    const { token, identity } = await people.aGuest()
    await syncOverHttp(people.server, token, { device: 'd', datasets: [] })
    await adminOf(people.server).identity.deleteIdentities({ IdentityIdsToDelete: [identity] })
    const answer = await twin(people.server, 'sync', { device: 'd', datasets: [] }, { token })
    expect([answer.status, codeOf(answer.json())]).toEqual([403, 'NotAuthorized'])
  })
})

test('[NB16] a watch over HTTP waits for the first change, and brings what was written', async () => {
  const bearer = await people.aGuest()
  const writer = await people.open(bearer)
  const asked = { datasets: [{ dataset: 'settings', epoch: 0, since: 0 }] }
  const waiting = watchOverHttp(people.server, bearer.token, asked)
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
  expect((await watchOverHttp(people.server, bearer.token, asked)).changed).toMatchObject([
    { through: 1, records: null },
  ])
})

test('[NB16] an identity has no more than 32 watches waiting over HTTP, and one that goes away makes room', async () => {
  const { token } = await people.aGuest()
  const ask = (signal: AbortSignal) =>
    fetch(`${people.server.url}/sync/v1/watch`, {
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
