import { join } from 'node:path'
import { aGuest, aPool, type Somebody } from '../support/a-pool.js'
import { exchange } from '../support/http-exchange.js'
import type { RunningServer } from '../support/start-server.js'
import { testProcesses } from '../support/test-processes.js'
import { okOf, replace } from '../support/wire-client.js'

const { startServer } = testProcesses()

describe('a running server', () => {
  let server: RunningServer
  let me: Somebody

  beforeAll(async () => {
    server = await startServer()
    me = await aGuest(server, await aPool(server))
    await me.device.write('settings', replace('canary-key-51c3', 'canary-value-51c3'))
    await me.device.updateRaw('settings', 'no token', [])
  })

  afterAll(() => server.stop())

  test('[O23] is live and ready', async () => {
    const live = await exchange(server.url, { target: '/health/live' })
    expect([live.status, live.json()]).toEqual([200, { live: true }])
    const ready = await exchange(server.url, { target: '/health/ready' })
    expect(ready.status).toBe(200)
    expect(ready.json()).toEqual({ ready: true, checks: { database: 'ok', queue: 'ok', draining: false } })
  })

  test('[O22] shows requests, commits, queue, rows, bytes and lag as Prometheus reads them', async () => {
    const answer = await exchange(server.url, { target: '/metrics' })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^text\/plain/)
    const value = (sample: string): number => {
      const line = answer.text.split('\n').find((each) => each.startsWith(`${sample} `))
      return line === undefined ? Number.NaN : Number(line.slice(sample.length + 1))
    }
    expect(value('satchel_requests_total{operation="UpdateRecords",code="OK"}')).toBe(1)
    expect(value('satchel_requests_total{operation="UpdateRecords",code="InvalidParameter"}')).toBe(1)
    expect(value('satchel_requests_total{operation="GetId",code="OK"}')).toBe(1)
    expect(value('satchel_request_seconds_count{operation="UpdateRecords"}')).toBe(2)
    expect(value('satchel_commit_seconds_count')).toBe(1)
    expect(value('satchel_commit_group_size_sum')).toBe(1)
    expect(value('satchel_write_queue_depth')).toBe(0)
    expect(value('satchel_write_queue_bytes')).toBe(0)
    expect(value('satchel_identities')).toBe(1)
    expect(value('satchel_datasets')).toBe(1)
    expect(value('satchel_records')).toBe(1)
    expect(value('satchel_stored_bytes')).toBe('canary-key-51c3canary-value-51c3'.length)
    expect(value('satchel_database_bytes')).toBeGreaterThan(4_096)
    expect(value('satchel_eventloop_lag_seconds')).toBeGreaterThanOrEqual(0)
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
    expect(answer.text).not.toContain('canary')
    expect(answer.text).not.toContain(me.identity)
  })

  test('[O20] [O21] writes nothing to standard output but a log of JSON lines, one for each request', async () => {
    const logged = await server.log()
    const requests = logged.filter(({ msg }) => msg === 'answered')
    expect(requests.length).toBeGreaterThan(5)
    for (const request of requests) {
      expect(request).toEqual({
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        msg: 'answered',
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        method: expect.any(String),
        operation: expect.any(String),
        status: expect.any(Number),
        code: expect.any(String),
        ms: expect.any(Number),
        bytes: expect.any(Number),
      })
    }
    for (const secret of ['canary', server.admin.secretAccessKey, me.credentials.secretAccessKey]) {
      expect(server.process.output).not.toContain(secret)
    }
  })

  test('[O26] says on standard error where it is and where its credentials are', () => {
    const said = server.process.stderr.join('\n')
    expect(said).toMatch(/^Satchel is ready: http:\/\/127\.0\.0\.1:\d+\n/)
    expect(said).toContain(join(server.dataDir, 'admin-credentials'))
    expect(said).not.toContain('{')
  })
})

test('[O24] with a port of their own, health and metrics are there and nowhere else', async () => {
  const server = await startServer({ settings: { SATCHEL_ADMIN_PORT: '0' } })
  const [, adminUrl] = await server.process.line(/health\s+(http:\/\/[^/]+)\/health/)
  expect(adminUrl).not.toBe(server.url)
  for (const target of ['/health/live', '/health/ready', '/metrics']) {
    expect((await exchange(adminUrl!, { target })).status).toBe(200)
    expect((await exchange(server.url, { target })).status).toBe(404)
  }
  expect((await exchange(adminUrl!, { target: '/identitypools' })).status).toBe(404)
  await server.stop()
})

test('[O5] limits configured upwards hold where they are put', async () => {
  const server = await startServer({ settings: { SATCHEL_LIMIT_RECORDS_PER_DATASET: '1500' } })
  const me = await aGuest(server, await aPool(server))
  await me.device.write('big', ...Array.from({ length: 1_500 }, (_, n) => replace(`k${n}`, '')))
  const token = (await me.device.list('big')).SyncSessionToken
  const over = await me.device.updateRaw('big', token, [replace('more', '')])
  expect(over.json()).toMatchObject({ message: expect.stringMatching(/1501 records.*1500/) })
  expect((okOf(await me.device.listRaw('big')) as { Count: number }).Count).toBe(1_500)
  await server.stop()
})

test('[F6] pages from anywhere are let in only when the settings say so', async () => {
  const server = await startServer({ settings: { SATCHEL_ALLOWED_ORIGINS: 'https://app.example.com' } })
  const ask = async (origin: string) => {
    const answer = await exchange(server.url, { method: 'OPTIONS', target: '/', headers: { origin } })
    return answer.headers['access-control-allow-origin']
  }
  expect(await ask('https://app.example.com')).toBe('https://app.example.com')
  expect(await ask('http://localhost:5173')).toBeUndefined()
  await server.stop()
})
