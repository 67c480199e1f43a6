import 'reflect-metadata'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../apps/server/src/config/config.js'
import { createServer, type Server } from '../../apps/server/src/serve.js'
import { nodeOn } from '../../apps/server/src/store/testing/postgres-stores.js'
import { aDeveloperUser, aGuest, aPool } from '../support/a-pool.js'
import { ClientProcess } from '../support/client-process.js'
import { eventually } from '../support/eventually.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { runSatchel } from '../support/run-satchel.js'
import { startServer } from '../support/start-server.js'
import { replace } from '../support/wire-client.js'

const SYNC_MS_MAX = 60_000

describeWithPostgres('a site that moves to PostgreSQL', (postgres) => {
  const directory = mkdtempSync(join(tmpdir(), 'satchel-copy-e2e-'))
  const dataDir = join(directory, 'data')
  const opened: { client: ClientProcess | null; server: Server | null } = { client: null, server: null }
  afterAll(async () => {
    await opened.client?.kill()
    await opened.server?.close()
    rmSync(directory, { recursive: true })
  })

  test('[X30] [PL12] devices go on with their credentials, tokens, sessions and counts, and notice nothing', async () => {
    const before = await startServer({ dataDir, settings: { SATCHEL_LOG_LEVEL: 'warn' } })
    const pool = await aPool(before)
    const guest = await aGuest(before, pool)
    const user = await aDeveloperUser(before, pool, 'ada')
    const client = ClientProcess.start()
    opened.client = client
    const there = { endpoint: before.url, pool, guest: guest.identity, directory: join(directory, 'device') }
    await client.open(there, ['notes'])
    await client.save(1, 'notes', [['kept', 'on SQLite']])
    await client.synchronize()
    const spent = (await user.device.list('settings')).SyncSessionToken
    await user.device.update('settings', spent, [replace('a', '1'), replace('b', '1')])
    const unspent = (await user.device.list('settings')).SyncSessionToken
    before.process.signal('SIGTERM')
    await before.process.end()
    await client.edit(2, 'notes', [['meanwhile', 'while nothing answers']])

    const url = await postgres().createDatabase()
    const { code, stdout, stderr } = await runSatchel(['copy', '--from', `sqlite:${dataDir}`], {
      SATCHEL_COPY_TO: url,
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/copied: 100 % of \d+ rows/) as string })
    expect(stdout).toMatch(/record +3 rows, checksum [0-9a-f]{32}/)
    expect(stdout + stderr).not.toContain('a-password-nobody-may-see')

    // However the database is named, it is found, and is now full.
    for (const [to, input] of [
      [url, ''],
      ['-', `${url}\n`],
    ] as const) {
      const refused = await runSatchel(['copy', '--from', `sqlite:${dataDir}`, '--to', to], {}, input)
      expect(refused.stderr).toContain('is not empty: there are rows in table identity_pool')
    }

    const config = readConfig({
      SATCHEL_DATA_DIR: join(directory, 'node'),
      SATCHEL_MASTER_KEY: readFileSync(join(dataDir, 'master.key'), 'utf8').trim(),
      SATCHEL_PORT: new URL(before.url).port,
      SATCHEL_LOG_LEVEL: 'error',
      SATCHEL_DEMO: 'off',
    })
    opened.server = await createServer(config, { stores: await nodeOn(url) })
    await eventually(() => client.synchronize(), SYNC_MS_MAX)
    const shown = await client.show('notes')
    expect(shown).toMatchObject({ syncCount: 2, pending: [], conflicts: [], parked: [] })
    expect(new Map(shown.entries)).toEqual(
      new Map([
        ['kept', 'on SQLite'],
        ['meanwhile', 'while nothing answers'],
      ]),
    )
    const again = await user.device.update('settings', spent, [replace('a', '1'), replace('b', '1')])
    expect(again.map(({ SyncCount }) => SyncCount)).toEqual([1, 1])
    const other = await user.device.updateRaw('settings', spent, [replace('a', '2', 1)])
    expect(other.status).toBe(400)
    const next = await user.device.update('settings', unspent, [replace('a', '2', 1)])
    expect(next.map(({ SyncCount }) => SyncCount)).toEqual([2])
    await client.close()
    await opened.server.close() // before its database goes
    opened.server = null
  })

  test.each([
    [['--to', 'postgres://h/d'], 'copy takes --from with sqlite:'],
    [['--from', 'sqlite:data'], 'copy takes the URL of a PostgreSQL database'],
    [['--from', 'sqlite:data', '--to', 'mysql://h/d'], 'copy takes the URL of a PostgreSQL database'],
    [['--from', 'sqlite:data', '--to', 'postgres://h/d', '--partitions', '1'], '--partitions takes a number'],
  ])('[X31] %j is a sentence and exit code 2', async (args, sentence) => {
    const { code, stderr } = await runSatchel(['copy', ...args])
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(sentence) as string })
  })
})
