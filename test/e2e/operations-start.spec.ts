import { readFileSync, statSync } from 'node:fs'
import { createServer as listenSomewhere, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'
import { adminOf } from '../support/a-pool.js'
import { exchange } from '../support/http-exchange.js'
import { SERVER_MAIN, spawnServer } from '../support/start-server.js'
import { testProcesses } from '../support/test-processes.js'

const { aDirectory, startServer, restart } = testProcesses()

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
  test('[O1] all faults of the settings are reported together, and the port is never opened', async () => {
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
  })

  test('[O11] --help lists every setting and starts nothing', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [SERVER_MAIN, '--help'])
    for (const name of ['SATCHEL_PORT', 'SATCHEL_DATA_DIR', 'SATCHEL_MASTER_KEY', 'SATCHEL_ALLOWED_ORIGINS']) {
      expect(stdout).toContain(name)
    }
  })

  test('[F19] a port that is taken is told in a sentence', async () => {
    const first = await startServer()
    const { port } = new URL(first.url)
    const second = spawnServer({ SATCHEL_PORT: port, SATCHEL_DATA_DIR: aDirectory() })
    expect((await second.end()).code).toBe(1)
    expect(second.stderr.join('\n')).toMatch(/^the port cannot be listened on: .*EADDRINUSE/)
    await first.stop()
  })

  test('[W10] a second process on the same data is refused with a sentence, and the first goes on', async () => {
    const first = await startServer()
    const second = spawnServer({ SATCHEL_PORT: '0', SATCHEL_DATA_DIR: first.dataDir })
    expect((await second.end()).code).toBe(1)
    expect(second.stderr).toEqual([
      `the server could not start: the data directory ${first.dataDir} is in use by another Satchel process`,
    ])
    expect((await exchange(first.url, { target: '/health/ready' })).status).toBe(200)
    await first.stop()
  })

  test('[W11] a database that a newer version wrote is refused with a sentence and left as it is', async () => {
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
  })

  test('[O7] secrets are made once, for their owner’s eyes only, and stay', async () => {
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
  })
})
