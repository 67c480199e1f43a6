import { HeldClock } from '../runtime/testing/held-clock.js'
import { AdminListener } from './admin-listener.js'
import { Health, PROBE_MS_MAX } from './health.js'
import { Metrics } from './metrics.js'
import { OpsPages } from './ops-pages.js'

function aHealth(
  given: Partial<{ probe: () => Promise<unknown>; depth: number; bytes: number; clock: HeldClock }> = {},
) {
  const { probe = () => Promise.resolve(), depth = 0, bytes = 0, clock = new HeldClock() } = given
  return new Health({ probe, queue: () => ({ depth, bytes }), bounds: { writesMax: 10, bytesMax: 1_000 }, clock })
}

test('[O23] a process whose database answers and whose queue has room is ready', async () => {
  expect(await aHealth({ depth: 9, bytes: 999 }).readiness()).toEqual({
    ready: true,
    checks: { database: 'ok', queue: 'ok', draining: false },
  })
})

test.each([
  ['the database fails', { probe: () => Promise.reject(new Error('gone')) }, { database: 'failing' }],
  ['as many writes wait as may', { depth: 10 }, { queue: 'failing' }],
  ['as many bytes wait as may', { bytes: 1_000 }, { queue: 'failing' }],
])('[O23] when %s, it is not ready and says why', async (_, given, checks) => {
  expect(await aHealth(given).readiness()).toMatchObject({ ready: false, checks })
})

test.each([
  [
    { database: true, queue: false },
    { database: 'busy', queue: 'ok' },
  ],
  [
    { database: false, queue: true },
    { database: 'ok', queue: 'busy' },
  ],
])(
  '[PL4] while callers are turned away (%j) it says so, and stays ready: other nodes have the same database',
  async (busy, checks) => {
    const bounds = { writesMax: 10, bytesMax: 1_000 }
    const parts = { queue: () => ({ depth: 0, bytes: 0 }), bounds, busy: () => busy, clock: new HeldClock() }
    const answered = new Health({ ...parts, probe: () => Promise.resolve() })
    expect(await answered.readiness()).toMatchObject({ ready: true, checks })
    const silent = new Health({ ...parts, probe: () => Promise.reject(new Error('gone')) })
    expect(await silent.readiness()).toMatchObject({ ready: false, checks: { database: 'failing' } })
  },
)

test('[O23] a process that drains is not ready', async () => {
  const health = aHealth()
  health.drain()
  expect(await health.readiness()).toMatchObject({ ready: false, checks: { database: 'ok', draining: true } })
})

test('[O23] a database that hangs is given two seconds, and is asked once however many want to know', async () => {
  const clock = new HeldClock()
  let asked = 0
  const health = aHealth({ clock, probe: () => new Promise(() => asked++) })
  const answers = [health.readiness(), health.readiness(), health.readiness()]
  clock.advance(PROBE_MS_MAX)
  for (const answer of await Promise.all(answers)) expect(answer.checks.database).toBe('failing')
  expect(asked).toBe(1)
})

test('[O23] a database that answers again makes the process ready again', async () => {
  let broken = true
  const health = aHealth({ probe: () => (broken ? Promise.reject(new Error('gone')) : Promise.resolve()) })
  expect((await health.readiness()).ready).toBe(false)
  broken = false
  expect((await health.readiness()).ready).toBe(true)
})

describe('the admin port', () => {
  const clock = new HeldClock()
  let health: Health
  let listener: AdminListener

  beforeEach(async () => {
    health = aHealth()
    listener = await AdminListener.listen(
      { host: '127.0.0.1', port: 0 },
      new OpsPages({ health, metrics: new Metrics(clock) }),
    )
  })
  afterEach(() => listener.close())

  const get = async (path: string, method = 'GET') => {
    const answer = await fetch(listener.url + path, { method, headers: { connection: 'close' } })
    return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() }
  }

  test('[O24] serves health and metrics', async () => {
    expect(await get('/health/live')).toEqual({
      status: 200,
      type: 'application/json; charset=utf-8',
      body: '{"live":true}',
    })
    expect(await get('/health/ready?verbose')).toMatchObject({ status: 200 })
    expect(await get('/metrics')).toMatchObject({
      status: 200,
      type: expect.stringContaining('text/plain'),
      body: expect.stringContaining('# TYPE satchel_requests_total counter'),
    })
    expect(await get('/metrics', 'HEAD')).toMatchObject({ status: 200, body: '' })
  })

  test('[O23] answers 503 with the checks when it is not ready', async () => {
    health.drain()
    const { status, body } = await get('/health/ready')
    expect({ status, body: JSON.parse(body) }).toEqual({
      status: 503,
      body: { ready: false, checks: { database: 'ok', queue: 'ok', draining: true } },
    })
  })

  test('[O24] serves nothing else', async () => {
    for (const path of ['/', '/health', '/health/live/', '/identitypools', '/metrics/x']) {
      expect(await get(path)).toMatchObject({ status: 404 })
    }
    expect(await get('/metrics', 'POST')).toMatchObject({ status: 405 })
  })

  test('[O24] a port that is taken is an error at start', async () => {
    const port = Number(new URL(listener.url).port)
    const pages = new OpsPages({ health, metrics: new Metrics(clock) })
    await expect(AdminListener.listen({ host: '127.0.0.1', port }, pages)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
