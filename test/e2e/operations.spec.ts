import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer as listenSomewhere, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'
import { aGuest, adminOf, aPool, withCredentials, type Somebody } from '../support/a-pool.js'
import { exchange, rawExchange } from '../support/http-exchange.js'
import { RunningServer, SERVER_MAIN, spawnServer, type StartOptions } from '../support/start-server.js'
import { datasetPath, okOf, replace } from '../support/wire-client.js'

const DRAIN_MS_MAX = 10_000

/** Processes start and end in these tests, on machines that may have more to do. */
const TEST_MS_MAX = 60_000

const directories: string[] = []

/** A data directory that is gone after the tests. */
function aDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'satchel-ops-'))
  directories.push(directory)
  return directory
}

/** Whatever a test could not stop, since it failed before, must not outlive the tests. */
const started: RunningServer[] = []

async function startServer(options?: StartOptions): Promise<RunningServer> {
  const server = await RunningServer.start(options)
  started.push(server)
  return server
}

afterAll(async () => {
  for (const server of started) await server.kill()
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

async function restart(server: RunningServer): Promise<RunningServer> {
  const again = await server.restart()
  started.push(again)
  return again
}

/** A port on which nobody listens. */
function aFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = listenSomewhere().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}

describe('start', () => {
  test(
    '[O1] all faults of the settings are reported together, and the port is never opened',
    async () => {
      const port = await aFreePort()
      const started = spawnServer({
        SATCHEL_PORT: String(port),
        SATCHEL_DATA_DIR: join(aDirectory(), 'never-made'),
        SATCHEL_ACCOUNT_ID: 'twelve',
        SATCHEL_MASTER_KEY: 'c2hvcnQtc2VjcmV0LWNhbmFyeQ==',
        SATCHEL_LOG_LEVEL: 'loud',
        SATCHEL_LIMIT_RECORDS_PER_DATASET: '10',
        SATCHEL_KAFKA_BROKERS: 'localhost',
        SATCHEL_PROT: '4681',
      })
      let everListened = false
      const knocking = setInterval(() => {
        void exchange(`http://127.0.0.1:${port}`, { target: '/health/live' }).then(
          () => (everListened = true),
          () => {},
        )
      }, 20)
      const { code } = await started.end()
      clearInterval(knocking)
      expect(code).toBe(1)
      expect(everListened).toBe(false)
      const said = started.stderr.join('\n')
      for (const name of [
        'SATCHEL_ACCOUNT_ID',
        'SATCHEL_MASTER_KEY',
        'SATCHEL_LOG_LEVEL',
        'SATCHEL_LIMIT_RECORDS_PER_DATASET',
        'SATCHEL_KAFKA_BROKERS',
        'SATCHEL_PROT',
      ]) {
        expect(said).toContain(name)
      }
      expect(said).toMatch(/^6 faults in the settings:/)
      expect(started.output).not.toContain('c2hvcnQtc2VjcmV0LWNhbmFyeQ')
      expect(said).not.toMatch(/^\s+at /m)
    },
    TEST_MS_MAX,
  )

  test(
    '[O11] --help lists every setting and starts nothing',
    async () => {
      const { stdout } = await promisify(execFile)(process.execPath, [SERVER_MAIN, '--help'])
      for (const name of ['SATCHEL_PORT', 'SATCHEL_DATA_DIR', 'SATCHEL_MASTER_KEY', 'SATCHEL_ALLOWED_ORIGINS']) {
        expect(stdout).toContain(name)
      }
    },
    TEST_MS_MAX,
  )

  test(
    '[F19] a port that is taken is told in a sentence',
    async () => {
      const first = await startServer()
      const { port } = new URL(first.url)
      const second = spawnServer({ SATCHEL_PORT: port, SATCHEL_DATA_DIR: aDirectory() })
      expect((await second.end()).code).toBe(1)
      expect(second.stderr.join('\n')).toMatch(/^the port cannot be listened on: .*EADDRINUSE/)
      await first.stop()
    },
    TEST_MS_MAX,
  )

  test(
    '[W10] a second process on the same data is refused with a sentence, and the first goes on',
    async () => {
      const first = await startServer()
      const second = spawnServer({ SATCHEL_PORT: '0', SATCHEL_DATA_DIR: first.dataDir })
      expect((await second.end()).code).toBe(1)
      expect(second.stderr).toEqual([
        `the server could not start: the data directory ${first.dataDir} is in use by another Satchel process`,
      ])
      expect((await exchange(first.url, { target: '/health/ready' })).status).toBe(200)
      await first.stop()
    },
    TEST_MS_MAX,
  )

  test(
    '[W11] a database that a newer version wrote is refused with a sentence and left as it is',
    async () => {
      const first = await startServer({ dataDir: aDirectory() })
      await first.stop()
      const file = join(first.dataDir, 'satchel.db')
      const database = new Database(file)
      database.prepare('INSERT INTO migration (timestamp, name) VALUES (?, ?)').run(9_999_999_999_999, 'FromTheFuture')
      database.close()
      const before = readFileSync(file)
      const second = spawnServer({ SATCHEL_PORT: '0', SATCHEL_DATA_DIR: first.dataDir })
      expect((await second.end()).code).toBe(1)
      expect(second.stderr.join('\n')).toMatch(
        /^the server could not start: the database was written by a newer version of Satchel: .*FromTheFuture/,
      )
      expect(readFileSync(file).equals(before)).toBe(true)
    },
    TEST_MS_MAX,
  )

  test(
    '[O7] secrets are made once, for their owner’s eyes only, and stay',
    async () => {
      const first = await startServer({ dataDir: join(aDirectory(), 'made') })
      await first.stop()
      expect(statSync(first.dataDir).mode & 0o777).toBe(0o700)
      for (const name of ['admin-credentials', 'master.key']) {
        expect(statSync(join(first.dataDir, name)).mode & 0o777).toBe(0o600)
      }
      const second = await restart(first)
      expect(second.admin).toEqual(first.admin)
      const { identity } = adminOf(second)
      expect((await identity.listIdentityPools({ MaxResults: 1 })).IdentityPools).toEqual([])
      await second.stop()
    },
    TEST_MS_MAX,
  )
})

describe('a running server', () => {
  let server: RunningServer
  let me: Somebody

  beforeAll(async () => {
    server = await startServer()
    me = await aGuest(server, await aPool(server))
    await me.device.write('settings', replace('canary-key-51c3', 'canary-value-51c3'))
    await me.device.updateRaw('settings', 'no token', [])
  }, TEST_MS_MAX)

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

test(
  '[O24] with a port of their own, health and metrics are there and nowhere else',
  async () => {
    const server = await startServer({ settings: { SATCHEL_ADMIN_PORT: '0' } })
    const [, adminUrl] = await server.process.line(/health\s+(http:\/\/[^/]+)\/health/)
    expect(adminUrl).not.toBe(server.url)
    for (const target of ['/health/live', '/health/ready', '/metrics']) {
      expect((await exchange(adminUrl!, { target })).status).toBe(200)
      expect((await exchange(server.url, { target })).status).toBe(404)
    }
    expect((await exchange(adminUrl!, { target: '/identitypools' })).status).toBe(404)
    await server.stop()
  },
  TEST_MS_MAX,
)

describe('stop', () => {
  test(
    '[F18] SIGTERM answers what is running, then ends with 0 within 10 seconds',
    async () => {
      const server = await startServer({ dataDir: aDirectory() })
      const me = await aGuest(server, await aPool(server))
      const { SyncSessionToken } = await me.device.list('settings')
      // A request whose body is half there is running; that the server has its head is known from the word to go on.
      const body = JSON.stringify({ SyncSessionToken, RecordPatches: [replace('late', 'but there')] })
      const { headers, target } = me.device.wire.signed({ method: 'POST', target: datasetPath(me, 'settings'), body })
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      const length = `content-length: ${Buffer.byteLength(body)}\r\nexpect: 100-continue\r\n`
      const begun = performance.now()
      const { text } = await rawExchange(
        server.url,
        (socket) => {
          socket.write(`POST ${target} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body.slice(0, 20)}`)
          socket.once('data', () => {
            server.process.signal('SIGTERM')
            void server.process.line(/"stopping"/).then(() => socket.write(body.slice(20)))
          })
        },
        { withinMs: DRAIN_MS_MAX },
      )
      expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
      expect(text).toContain('but there')
      expect(await server.process.end(DRAIN_MS_MAX)).toEqual({ code: 0, signal: null })
      expect(performance.now() - begun).toBeLessThan(DRAIN_MS_MAX)

      const again = await restart(server)
      const after = await withCredentials(again, me)
      expect((await after.device.list('settings')).Records).toMatchObject([{ Key: 'late', Value: 'but there' }])
      await again.stop()
    },
    TEST_MS_MAX,
  )

  test(
    '[F18] every write in flight is answered or refused, and what was answered is there',
    async () => {
      const server = await startServer({ dataDir: aDirectory() })
      const me = await aGuest(server, await aPool(server))
      const tokens = await Promise.all(Array.from({ length: 19 }, (_, n) => me.device.list(`d${n}`)))
      const writes = tokens.map(({ SyncSessionToken }, n) =>
        me.device.updateRaw(`d${n}`, SyncSessionToken, [replace('k', 'v')]).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      server.process.signal('SIGTERM')
      const statuses = await Promise.all(writes)
      expect(await server.process.end(DRAIN_MS_MAX)).toEqual({ code: 0, signal: null })
      const again = await restart(server)
      const after = await withCredentials(again, me)
      for (const [n, status] of statuses.entries()) {
        const { DatasetSyncCount } = await after.device.list(`d${n}`)
        if (status === 200) expect(DatasetSyncCount).toBe(1)
        else if (status !== 0) expect([status, DatasetSyncCount]).toEqual([503, 0])
      }
      await again.stop()
    },
    TEST_MS_MAX,
  )

  test(
    '[F18] a second SIGTERM changes nothing, and idle connections do not hold it up',
    async () => {
      const server = await startServer()
      await exchange(server.url, { target: '/health/live' })
      const idle = rawExchange(server.url, () => {}, { withinMs: DRAIN_MS_MAX })
      server.process.signal('SIGTERM')
      server.process.signal('SIGTERM')
      expect(await server.process.end(DRAIN_MS_MAX)).toEqual({ code: 0, signal: null })
      await idle
      rmSync(server.dataDir, { recursive: true })
    },
    TEST_MS_MAX,
  )
})

describe('the demo', () => {
  test(
    '[O25] [O26] a page, a pool that takes guests, and a snippet that works as it is printed',
    async () => {
      const server = await startServer({ settings: { SATCHEL_DEMO: undefined } })
      const page = await exchange(server.url, { target: '/' })
      expect(page.status).toBe(200)
      expect(page.headers['content-type']).toMatch(/^text\/html/)
      expect(page.headers['content-security-policy']).toContain("default-src 'none'")
      for (const [, file] of page.text.matchAll(/(?:src|href)="([^"#]+)"/g)) {
        const target = new URL(file!, `${server.url}/`).pathname
        expect([file, (await exchange(server.url, { target })).status]).toEqual([file, 200])
      }
      for (const target of ['/demo/..%2f..%2fpackage.json', '/demo/.', '/demo/nothing.js', '/demo/']) {
        expect((await exchange(server.url, { target })).status).toBe(404)
      }

      const [, pool] = await server.process.line(/identity pool "demo": (\S+)/)
      const described = await adminOf(server).identity.describeIdentityPool({ IdentityPoolId: pool })
      expect(described).toMatchObject({ IdentityPoolName: 'demo', AllowUnauthenticatedIdentities: true })
      const guest = await aGuest(server, pool!)
      await guest.device.write('settings', replace('theme', 'dark'))

      const settings = await exchange(server.url, { target: '/demo/settings.json' })
      const { snippets } = settings.json() as { snippets: { id: string; code: string }[] }
      const { code } = snippets.find(({ id }) => id === 'sdk-v3')!
      for (const line of code.trimEnd().split('\n')) expect(server.process.output).toContain(line)
      const root = new URL('../../', import.meta.url)
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], {
        cwd: root,
      })
      expect(stdout).toContain("Key: 'theme'")
      await server.stop()
    },
    TEST_MS_MAX,
  )

  test(
    '[I28] the demo pool is the same after a restart',
    async () => {
      const first = await startServer({ settings: { SATCHEL_DEMO: 'on' }, dataDir: aDirectory() })
      const [, pool] = await first.process.line(/identity pool "demo": (\S+)/)
      await first.stop()
      const second = await restart(first)
      expect((await second.process.line(/identity pool "demo": (\S+)/))[1]).toBe(pool)
      expect((await adminOf(second).identity.listIdentityPools({ MaxResults: 9 })).IdentityPools).toHaveLength(1)
      await second.stop()
    },
    TEST_MS_MAX,
  )

  test(
    'off, there is neither page nor pool',
    async () => {
      const server = await startServer()
      expect((await exchange(server.url, { target: '/' })).status).toBe(404)
      expect((await adminOf(server).identity.listIdentityPools({ MaxResults: 9 })).IdentityPools).toEqual([])
      expect(server.process.output).not.toContain('"demo"')
      expect(server.process.output).not.toContain('browser')
      expect(existsSync(join(server.dataDir, 'satchel.db'))).toBe(true)
      await server.stop()
    },
    TEST_MS_MAX,
  )
})

test(
  '[O5] limits configured upwards hold where they are put',
  async () => {
    const server = await startServer({ settings: { SATCHEL_LIMIT_RECORDS_PER_DATASET: '1500' } })
    const me = await aGuest(server, await aPool(server))
    await me.device.write('big', ...Array.from({ length: 1_500 }, (_, n) => replace(`k${n}`, '')))
    const token = (await me.device.list('big')).SyncSessionToken
    const over = await me.device.updateRaw('big', token, [replace('more', '')])
    expect(over.json()).toMatchObject({ message: expect.stringMatching(/1501 records.*1500/) })
    expect((okOf(await me.device.listRaw('big')) as { Count: number }).Count).toBe(1_500)
    await server.stop()
  },
  TEST_MS_MAX,
)

test(
  '[F6] pages from anywhere are let in only when the settings say so',
  async () => {
    const server = await startServer({ settings: { SATCHEL_ALLOWED_ORIGINS: 'https://app.example.com' } })
    const ask = async (origin: string) => {
      const answer = await exchange(server.url, { method: 'OPTIONS', target: '/', headers: { origin } })
      return answer.headers['access-control-allow-origin']
    }
    expect(await ask('https://app.example.com')).toBe('https://app.example.com')
    expect(await ask('http://localhost:5173')).toBeUndefined()
    await server.stop()
  },
  TEST_MS_MAX,
)
