import 'reflect-metadata'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../apps/server/src/config/config.js'
import { createLog } from '../../apps/server/src/ops/log.js'
import { createServer, type Server } from '../../apps/server/src/serve.js'
import { exchange, rawExchange } from '../support/http-exchange.js'

/** What takes a quarter of an hour with the settings of the real process, in a second. */
const patience = { headers: 300, request: 600, silence: 900, checkEvery: 50 }
const BYTE_EVERY_MS = 20
const CUT_MS_MAX = 2_000

let server: Server
const dataDir = mkdtempSync(join(tmpdir(), 'satchel-slow-'))

beforeAll(async () => {
  const config = readConfig({ SATCHEL_PORT: '0', SATCHEL_DATA_DIR: dataDir, SATCHEL_DEMO: 'off' })
  const log = createLog('error', { write: () => {} })
  server = await createServer(config, { patience, log })
}, 30_000)

afterAll(async () => {
  await server.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** Writes a byte at a time, until the server has had enough. */
const drip =
  (text: string) =>
  (socket: Socket): void => {
    let at = 0
    const timer = setInterval(() => {
      if (at < text.length) socket.write(text.charAt(at++))
    }, BYTE_EVERY_MS)
    socket.on('close', () => clearInterval(timer))
  }

const body = '{"SyncSessionToken":"token","RecordPatches":[]}'.padEnd(4_000)
const head = `POST /identitypools/x/identities/y/datasets/z HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`

test.each([
  ['a request line', 'GET /identitypools HTTP/1.1\r\nHost: x\r\n'.padEnd(4_000, 'a: b\r\n'), patience.headers],
  ['a body', head + body, patience.headers],
] as const)('[H8] %s that comes byte by byte is cut off with a word', async (_, text, earliestMs) => {
  const { text: answer, ms } = await rawExchange(server.url, drip(text), { withinMs: CUT_MS_MAX })
  expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  expect(answer).toMatch(/x-amzn-errortype: RequestTimeoutException/i)
  expect(answer).toContain('did not arrive in time')
  expect(ms).toBeGreaterThan(earliestMs)
})

test('[H8] a body that stops half-way is cut off with a word', async () => {
  const send = (socket: Socket): void => void socket.write(head + body.slice(0, 2_000))
  const { text, ms } = await rawExchange(server.url, send, { withinMs: CUT_MS_MAX })
  expect(text).toMatch(/^HTTP\/1\.1 408 /)
  expect(ms).toBeGreaterThan(patience.headers)
})

test('a connection on which nothing ever comes is cut off', async () => {
  const { ms } = await rawExchange(server.url, () => {}, { withinMs: 2 * CUT_MS_MAX })
  expect(ms).toBeLessThan(2 * CUT_MS_MAX)
})

test('a reader that takes its time is still served afterwards', async () => {
  expect((await exchange(server.url, { target: '/health/live' })).status).toBe(200)
})
