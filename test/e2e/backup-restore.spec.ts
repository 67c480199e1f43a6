import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { aGuest, aPool, type Somebody } from '../support/a-pool.js'
import { ClientHistory } from '../support/client-history.js'
import { ClientProcess, type OpenOptions, type Shown, type Told } from '../support/client-process.js'
import { eventually } from '../support/eventually.js'
import { settled } from '../support/live-device.js'
import { runSatchel } from '../support/run-satchel.js'
import { startServer, type RunningServer } from '../support/start-server.js'
import { replace } from '../support/wire-client.js'

const SYNC_MS_MAX = 60_000
const DATASETS = ['alpha', 'beta', 'shared']

const directory = mkdtempSync(join(tmpdir(), 'satchel-backup-e2e-'))
const dataDir = join(directory, 'data')
const settings = { SATCHEL_DATA_DIR: dataDir }
const awake: ClientProcess[] = []
let server: RunningServer
let backups = 0
beforeAll(async () => {
  server = await startServer({ dataDir, settings: { SATCHEL_LOG_LEVEL: 'warn' } })
})
afterAll(async () => {
  await Promise.all(awake.map((client) => client.kill()))
  await server.kill()
  rmSync(directory, { recursive: true })
})

const newBackup = (): string => join(directory, `backup-${++backups}.db`)
const satchel = (...args: string[]) => runSatchel(args, settings)

test('[X20] a backup taken while others write holds what was acknowledged before it, nothing torn, and agrees with itself', async () => {
  const pool = await aPool(server)
  const people = await Promise.all(Array.from({ length: 4 }, () => aGuest(server, pool)))
  const acknowledged = new Map<Somebody, number>(people.map((somebody) => [somebody, 0]))
  let writing = true
  /** Two records that are always alike. */
  const write = async (somebody: Somebody): Promise<void> => {
    for (let base = 0; writing; base++) {
      const value = `${base}`.padStart(2_000, 'x')
      await somebody.device.write('settings', replace('a', value, base), replace('b', value, base))
      acknowledged.set(somebody, base + 1)
    }
  }
  const writers = Promise.all(people.map(write))
  await eventually(
    () =>
      settled(
        [...acknowledged.values()].every((count) => count > 9),
        'too few writes',
      ),
    SYNC_MS_MAX,
  )
  const before = new Map(acknowledged)
  const file = newBackup()
  const { code, stdout, stderr } = await satchel('backup', file)
  writing = false
  await writers
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/copied: 100 % of/) as string })
  expect(stdout).toContain(`4 identities, 4 datasets and 8 records, deleted ones included, to ${file}`)
  expect(stdout).toContain(
    `The secrets are not in it; --with-secrets copies them beside it: ${dataDir}/admin-credentials, ${dataDir}/master.key`,
  )

  const held = new Database(file)
  for (const [{ identity }, count] of before) {
    const records = held.prepare('SELECT value, sync_count AS count FROM record WHERE identity_id = ?').all(identity)
    const [a, b] = records as { value: string; count: number }[]
    expect(a).toEqual(b)
    expect(a!.count).toBeGreaterThanOrEqual(count)
    expect(a!.count).toBeLessThanOrEqual(acknowledged.get(people.find((one) => one.identity === identity)!)!)
  }
  const sums = 'sum(record_count) AS records, sum(bytes) AS bytes'
  expect(held.prepare(`SELECT ${sums} FROM dataset`).get()).toEqual(
    held.prepare('SELECT sum(records) AS records, sum(bytes) AS bytes FROM pool_usage').get(),
  )
  held.close()
})

test('[X21] [X22] a backup is for its owner only, overwrites nothing, and has the secrets beside it when they are asked for', async () => {
  const file = newBackup()
  const { code, stdout } = await satchel('backup', file, '--with-secrets')
  expect(code).toBe(0)
  const copies = ['admin-credentials', 'master.key'].map((name) => `${file}.${name}`)
  expect(stdout).toContain(`Beside it, for their owner only: ${copies.join(', ')}.`)
  for (const path of [file, ...copies]) expect([path, statSync(path).mode & 0o777]).toEqual([path, 0o600])
  expect(readFileSync(copies[1]!)).toEqual(readFileSync(join(dataDir, 'master.key')))
  expect(await satchel('backup', file)).toMatchObject({ code: 1, stderr: expect.stringContaining('is there already') })
  expect(await satchel('backup')).toMatchObject({ code: 2, stderr: expect.stringContaining('takes the name') })
  expect(await satchel('backup', file, file)).toMatchObject({ code: 2 })
})

test('[X22] where other secrets are beside it no backup is written, so that the same call does once those are away', async () => {
  const file = newBackup()
  writeFileSync(`${file}.master.key`, 'of another site\n')
  expect(await satchel('backup', file, '--with-secrets')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('secrets are never overwritten'),
  })
  expect(existsSync(file)).toBe(false)
  rmSync(`${file}.master.key`)
  expect(await satchel('backup', file, '--with-secrets')).toMatchObject({ code: 0 })
})

test('[X23] nothing is restored beside a server, over a database, or over other secrets', async () => {
  const file = newBackup()
  await satchel('backup', file, '--with-secrets')
  const beside = await satchel('restore', file, '--replace')
  expect(beside).toMatchObject({
    code: 1,
    stderr: `the data directory ${dataDir} is in use by another Satchel process\n`,
  })
  const elsewhere = join(directory, 'elsewhere')
  const restore = (...args: string[]) => runSatchel(['restore', file, ...args], { SATCHEL_DATA_DIR: elsewhere })
  const first = await restore()
  expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('There is no master.key') })
  expect(await restore()).toMatchObject({ code: 1, stderr: expect.stringContaining('holds a database already') })
  writeFileSync(join(elsewhere, 'master.key'), `${Buffer.alloc(32, 1).toString('base64')}\n`)
  const other = await restore('--replace', '--with-secrets')
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('secrets are never overwritten') })
  rmSync(join(elsewhere, 'master.key'))
  expect((await restore('--replace', '--with-secrets')).code).toBe(0)
  expect(readFileSync(join(elsewhere, 'master.key'))).toEqual(readFileSync(join(dataDir, 'master.key')))
})

test('[X24] devices that went on after the backup lose no edit when it is put back, and give the server what it lacks', async () => {
  const pool = await aPool(server)
  const { identity } = await aGuest(server, pool)
  const there: Omit<OpenOptions, 'directory'> = {
    endpoint: server.url,
    pool,
    guest: identity,
    conflicts: 'last-writer',
  }
  const histories = ['ada', 'ben'].map((name) => new ClientHistory(name))
  const start = (history: ClientHistory): ClientProcess => {
    const client = ClientProcess.start({
      listen: (told) => {
        if (told.kind === 'intent') history.intended(told.intent)
        if (told.kind === 'saved') history.saved(told.n, told.after)
      },
    })
    awake.push(client)
    return client
  }
  const open = (client: ClientProcess, name: string) =>
    client.open({ ...there, directory: join(directory, name) }, DATASETS)
  const first = histories.map(start)
  const faults: string[] = []
  for (const [at, client] of first.entries()) {
    const history = histories[at]!
    faults.push(...history.reopened(await open(client, history.device)))
    await client.load({ seed: at, device: history.device, from: 1, own: ['alpha', 'beta'], shared: 'shared' })
  }
  const answered = (more: number): Promise<unknown> => {
    const until = first.map(({ told }) => answers(told) + more)
    return eventually(
      () =>
        settled(
          first.every(({ told }, at) => answers(told) >= until[at]!),
          'too few answers',
        ),
      SYNC_MS_MAX,
    )
  }
  await answered(20)
  const file = newBackup()
  expect((await satchel('backup', file)).code).toBe(0)
  await answered(20)
  await Promise.all(first.map((client) => client.kill()))
  await server.kill()

  const { code, stdout } = await satchel('restore', file, '--replace')
  expect(code).toBe(0)
  expect(stdout).toMatch(/a new epoch has begun for \d+ datasets/)
  const [, setAside] = /The database that was there is now (.+)\.\n/.exec(stdout)!
  expect(existsSync(setAside!)).toBe(true)
  server = await server.restart({ SATCHEL_PORT: new URL(server.url).port })

  const again = histories.map(start)
  for (const [at, client] of again.entries()) {
    faults.push(...histories[at]!.reopened(await open(client, histories[at]!.device)))
  }
  for (let round = 0; round < 3; round++) {
    for (const client of again) await eventually(() => client.synchronize(), SYNC_MS_MAX)
  }
  const newcomer = ClientProcess.start()
  awake.push(newcomer)
  await open(newcomer, 'newcomer')
  await newcomer.synchronize()
  const shown = await Promise.all([...again, newcomer].map(showAll))
  histories.forEach((history, at) => faults.push(...history.reopened(shown[at]!)))
  expect(faults).toEqual([])
  expect(shown.map(contentOf)).toEqual(shown.map(() => contentOf(shown[0]!)))
  expect(contentOf(shown[0]!).length).toBeGreaterThan(0)
  await Promise.all([...again, newcomer].map((client) => client.close()))
}, 180_000)

const answers = (told: readonly Told[]): number => told.filter(({ kind }) => kind === 'answer').length

const showAll = async (client: ClientProcess): Promise<Record<string, Shown>> =>
  Object.fromEntries(await Promise.all(DATASETS.map(async (name) => [name, await client.show(name)] as const)))

const contentOf = (shown: Readonly<Record<string, Shown>>) =>
  Object.entries(shown).flatMap(([dataset, { entries, pending, conflicts, parked }]) => {
    expect({ pending, conflicts, parked }).toEqual({ pending: [], conflicts: [], parked: [] })
    return entries.map(([key, value]) => [dataset, key, value])
  })
