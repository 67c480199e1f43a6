import { connect } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ADevice, replace } from './aws/cognito-sync/testing/a-device.js'
import { SyncFace } from './aws/cognito-sync/testing/sync-face.js'
import { readConfig } from './config/config.js'
import { createLog } from './ops/log.js'
import { createServer } from './serve.js'
import { memoryStores } from './store/memory/memory-stores.js'
import { openSqliteStores } from './store/typeorm/open-sqlite-stores.js'

const quiet = createLog('fatal' as 'error', { write: () => undefined })

test('[F18] what was acknowledged is there when another server opens the same directory', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'satchel-serve-'))
  // Each server has a directory of its own for its secrets.
  const secrets = { SATCHEL_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') }
  const open = async () => SyncFace.start(secrets, { stores: await openSqliteStores(join(directory, 'satchel.db')) })
  try {
    const first = await open()
    const guest = await first.guest()
    expect((await new ADevice(first, guest).update([replace('theme', 'dark')])).status).toBe(200)
    await first.close()
    const second = await open()
    const { body } = await second.call('GET', `${guest.path}/datasets/settings/records`)
    expect(body.Records).toMatchObject([{ Key: 'theme', Value: 'dark', SyncCount: 1 }])
    await second.close()
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test('[F18] closing answers what is running, ends idle connections and takes no new ones', async () => {
  const face = await SyncFace.start()
  const { hostname, port } = new URL(face.server.url)
  const idle = connect(Number(port), hostname)
  const idleEnded = new Promise((resolve) => idle.on('close', resolve))
  const running = connect(Number(port), hostname)
  const received: Buffer[] = []
  const runningEnded = new Promise((resolve) => running.on('close', resolve))
  running.on('data', (chunk) => received.push(chunk))
  await new Promise<void>((resolve) =>
    running.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{', () => resolve()),
  )
  await fetch(`${face.server.url}/health/ready`) // by now the half request has arrived
  const closed = face.close()
  running.write('}')
  await Promise.all([closed, idleEnded, runningEnded])
  expect(Buffer.concat(received).toString()).toMatch(/^HTTP\/1.1 [45]\d\d .*x-amzn-requestid/is)
  await expect(fetch(`${face.server.url}/health/live`)).rejects.toThrow()
  await face.server.close() // a second time is the same end
})

test('[O24] health and metrics move to a port of their own when there is one', async () => {
  const face = await SyncFace.start({ SATCHEL_ADMIN_PORT: '0' })
  try {
    expect((await fetch(`${face.server.adminUrl}/health/ready`)).status).toBe(200)
    const metrics = await (await fetch(`${face.server.adminUrl}/metrics`)).text()
    expect(metrics).toContain('satchel_write_queue_depth 0')
    expect((await fetch(`${face.server.url}/health/ready`)).status).toBe(404)
  } finally {
    await face.close()
  }
})

test('[F5] operations are counted by name and code, and logged without values', async () => {
  const face = await SyncFace.start()
  try {
    const guest = await face.guest()
    await new ADevice(face, guest, 'sentinel-name').update([replace('sentinel-key', 'sentinel-value')])
    await face.call('GET', '/identitypools', { as: null })
    await face.identity('sentinel-operation', {}, null)
    const metrics = await (await fetch(`${face.server.url}/metrics`)).text()
    for (const [operation, code] of [
      ['UpdateRecords', 'OK'],
      ['ListRecords', 'OK'],
      ['GetCredentialsForIdentity', 'OK'],
      ['ListIdentityPoolUsage', 'MissingAuthenticationToken'],
      ['unknown', 'UnknownOperation'],
    ]) {
      expect(metrics).toContain(`satchel_requests_total{operation="${operation}",code="${code}"} 1`)
    }
    expect(face.logged.join('')).toContain('"operation":"UpdateRecords"')
    expect(face.logged.join('')).not.toContain('sentinel')
    expect(face.logged.join('')).not.toContain(guest.identity)
  } finally {
    await face.close()
  }
})

test('[F13] credentials end with their identity, at once on this node', async () => {
  const face = await SyncFace.start()
  try {
    const guest = await face.guest()
    const device = new ADevice(face, guest)
    expect((await device.list()).status).toBe(200)
    await face.identity('DeleteIdentities', { IdentityIdsToDelete: [guest.identity] })
    expect(await device.list()).toMatchObject({ status: 403, type: 'NotAuthorizedException' })
  } finally {
    await face.close()
  }
})

test('[F19] a port that is taken is a refusal to start that leaves nothing open', async () => {
  const face = await SyncFace.start()
  const directory = mkdtempSync(join(tmpdir(), 'satchel-serve-'))
  try {
    const { port } = new URL(face.server.url)
    let closed = false
    const config = readConfig({ SATCHEL_PORT: port, SATCHEL_DATA_DIR: directory })
    const stores = { ...memoryStores(), close: () => Promise.resolve(void (closed = true)) }
    await expect(createServer(config, { stores, log: quiet })).rejects.toThrow(/EADDRINUSE/)
    expect(closed).toBe(true)
  } finally {
    await face.close()
    rmSync(directory, { recursive: true, force: true })
  }
})

test('[F6] pages of loopback may call a server on loopback', async () => {
  const face = await SyncFace.start()
  try {
    const headers = { origin: 'http://localhost:3000', 'access-control-request-method': 'POST' }
    const answer = await fetch(`${face.server.url}/`, { method: 'OPTIONS', headers })
    expect(answer.headers.get('access-control-allow-origin')).toBe('http://localhost:3000')
  } finally {
    await face.close()
  }
})
