import 'reflect-metadata'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../apps/server/src/config/config.js'
import { createServer, type Server } from '../../apps/server/src/serve.js'
import { DATABASE_FILE } from '../../apps/server/src/store/database-file.js'
import { openSqliteStores } from '../../apps/server/src/store/typeorm/open-sqlite-stores.js'
import { nodeOn } from '../../apps/server/src/store/testing/postgres-stores.js'
import { aDeveloperUser, aGuest, aPool } from '../support/a-pool.js'
import { ClientProcess } from '../support/client-process.js'
import { eventually } from '../support/eventually.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { runSatchel } from '../support/run-satchel.js'
import { startServer, type RunningServer } from '../support/start-server.js'
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

  /** A server on PostgreSQL in the place of one that has stopped, with its master key. */
  const serveOn = async (url: string, before: RunningServer): Promise<Server> => {
    const config = readConfig({
      SATCHEL_DATA_DIR: join(directory, 'node'),
      SATCHEL_MASTER_KEY: readFileSync(join(before.dataDir, 'master.key'), 'utf8').trim(),
      SATCHEL_PORT: new URL(before.url).port,
      SATCHEL_LOG_LEVEL: 'error',
      SATCHEL_DEMO: 'off',
    })
    return createServer(config, { stores: await nodeOn(url) })
  }

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

    // However the database is named, it is found, and has everything.
    for (const [to, input] of [
      [url, ''],
      ['-', `${url}\n`],
    ] as const) {
      const again = await runSatchel(['copy', '--from', `sqlite:${dataDir}`, '--to', to], {}, input)
      expect({ code: again.code, stdout: again.stdout }).toEqual({
        code: 0,
        stdout: expect.stringContaining('Everything is there already, and alike in both databases') as string,
      })
    }

    opened.server = await serveOn(url, before)
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

  test('[X32] [X33] [X34] beside a running server that devices write to, then once more when it is stopped, and devices notice nothing', async () => {
    const from = join(directory, 'busy')
    const before = await startServer({ dataDir: from, settings: { SATCHEL_LOG_LEVEL: 'warn' } })
    const pool = await aPool(before)
    const user = await aDeveloperUser(before, pool, 'ada')
    const guest = await aGuest(before, pool)
    const client = ClientProcess.start()
    opened.client = client
    await client.open(
      { endpoint: before.url, pool, guest: guest.identity, directory: join(directory, 'busy-device') },
      ['notes'],
    )
    for (let large = 0; large < 6; large++) {
      const session = (await user.device.list(`large${large}`)).SyncSessionToken
      const records = Array.from({ length: 200 }, (_, index) => replace(`record ${index}`, 'as it is'))
      await user.device.update(`large${large}`, session, records)
    }
    let count = 0
    let isWriting = true
    const write = async () => {
      const session = (await user.device.list('counter')).SyncSessionToken
      const [written] = await user.device.update('counter', session, [replace('n', `${count}`, count)])
      expect(written!.SyncCount).toBe(++count)
      await client.save(count, 'notes', [['last', `${count}`]])
    }
    const writing = (async () => {
      while (isWriting) await write()
    })()

    const url = await postgres().createDatabase()
    const copy = (msMax?: number) =>
      runSatchel(['copy', '--from', `sqlite:${from}`], { SATCHEL_COPY_TO: url }, '', msMax)
    for (const msMax of [700, 1_200]) await copy(msMax) // killed wherever they are by then
    const writtenBefore = count
    const first = await copy()
    const writtenMeanwhile = count - writtenBefore
    expect({ code: first.code, stderr: first.stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(
        /copied: 100 % of \d+ rows\n(compared: \d+ % of \d+ rows\n)*compared: 100 % of \d+ rows/,
      ) as string,
    })
    expect(first.stdout).toContain('the site has gone on while this was copied. No server starts on the copy yet.')
    expect(writtenMeanwhile).toBeGreaterThan(0)
    await expect(nodeOn(url)).rejects.toThrow('holds a copy of a site that is not finished; stop the server')
    isWriting = false
    await writing
    const unspent = (await user.device.list('counter')).SyncSessionToken
    before.process.signal('SIGTERM')
    await before.process.end()
    await client.edit(100_000, 'notes', [['meanwhile', 'while nothing answers']])

    const second = await copy()
    expect({ code: second.code, stderr: second.stderr }).toMatchObject({ code: 0 })
    const rows = [first, second].map(({ stdout }) => /rows written: (\d+), removed: (\d+)/.exec(stdout)!.slice(1))
    const kept = Number(/record +(\d+) rows/.exec(second.stdout)![1])
    console.info(
      `${writtenMeanwhile} writes during the copy; rows written and removed: ${rows.join(' then ')}; ${kept} records`,
    )
    expect(Number(rows[1]![0])).toBeLessThan(kept / 4)
    expect((await copy()).stdout).toContain('Everything is there already')

    opened.server = await serveOn(url, before)
    const [next] = await user.device.update('counter', unspent, [replace('n', 'on PostgreSQL', count)])
    expect(next!.SyncCount).toBe(count + 1)
    await eventually(() => client.synchronize(), SYNC_MS_MAX)
    const shown = await client.show('notes')
    expect(shown).toMatchObject({ pending: [], conflicts: [], parked: [] })
    expect(new Map(shown.entries)).toEqual(
      new Map([
        ['last', `${count}`],
        ['meanwhile', 'while nothing answers'],
      ]),
    )
    await client.close()
    const refused = await copy()
    expect({ code: refused.code, stderr: refused.stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/is not empty, and is not what a copy of .* Nothing was touched/) as string,
    })
    await opened.server.close()
    opened.server = null
  })

  test('[X30] what is copied and compared is never held in memory all at once', async () => {
    const from = join(directory, 'large')
    const stores = await openSqliteStores(join(from, DATABASE_FILE))
    const [megabytes, heapMegabytes] = [240, 128]
    const records = 'r'.repeat(4_000_000)
    for (let n = 0; n < megabytes / 4; n++) await stores.outbox.addLinkedRecords({ id: `${n}`, records, createdAt: n })
    await stores.close()
    const { code, stdout, stderr } = await runSatchel(['copy', '--from', `sqlite:${from}`], {
      SATCHEL_COPY_TO: await postgres().createDatabase(),
      NODE_OPTIONS: `--max-old-space-size=${heapMegabytes}`,
    })
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stdout).toMatch(/outbox_linked +60 rows/)
  })

  test.each([
    [['--to', 'postgres://h/d'], 'copy takes --from with sqlite:'],
    [['--from', 'sqlite:data'], 'copy takes the URL of a PostgreSQL database'],
    [['--from', 'sqlite:data', '--to', 'mysql://h/d'], 'copy takes the URL of a PostgreSQL database'],
    [['--from', 'sqlite:data', '--to', 'postgres://h'], 'names no database behind its last slash'],
    [['--from', 'sqlite:data', '--to', 'postgres://u:secret%canary@h/d'], 'has a % that begins no escape'],
    [['--from', 'sqlite:data', '--to', 'postgres://h/d', '--partitions', '1'], '--partitions takes a number'],
  ])('[X31] %j is a sentence and exit code 2', async (args, sentence) => {
    const { code, stderr } = await runSatchel(['copy', ...args])
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(sentence) as string })
    expect(stderr).not.toContain('canary')
  })
})
