import { openClient, type NodeClientOptions } from '@satchel/client/node'
import type { Choice, ConflictSides, Login, SyncClient } from '@satchel/client/node'
import { randomUUID } from 'node:crypto'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { adminOf } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { SERVER_MAIN, startServer, type RunningServer } from '../support/start-server.js'

let server: RunningServer
let pool: string
const directories: string[] = []
const clients: SyncClient[] = []

beforeAll(async () => {
  server = await startServer({ settings: { SATCHEL_DEMO: 'on' } })
  const [, id] = await server.process.line(/"demoPool":"([^"]+)"/)
  pool = id!
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})
afterAll(async () => {
  await server.stop()
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

/** Another device. */
function aDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'satchel-client-'))
  directories.push(directory)
  return directory
}

async function open(options: Partial<NodeClientOptions> = {}): Promise<SyncClient> {
  const client = await openClient({ endpoint: server.url, pool, directory: aDirectory(), ...options })
  clients.push(client)
  return client
}

/** What an app's own backend does; the demo asks for no password. */
const loginOf =
  (user: string): Login =>
  async ({ guest }) => {
    const answer = await fetch(`${server.url}/demo/sign-in`, { method: 'POST', body: JSON.stringify({ user, guest }) })
    return (await answer.json()) as { identityId: string; token: string }
  }

const aUser = () => `user-${randomUUID()}`

/** What a device of its own sees of a user's dataset. */
async function elsewhere(user: string, dataset = 'settings'): Promise<Map<string, string>> {
  const client = await open({ login: loginOf(user) })
  const settings = client.dataset(dataset)
  await client.synchronize()
  return new Map(settings.entries())
}

test('[NL1] a guest who signs in as a new user goes on with the same identity and data', async () => {
  const user = aUser()
  const client = await open()
  const settings = client.dataset('settings')
  await settings.put('theme', 'dark')
  await client.synchronize()
  const guest = client.identity

  await client.signIn(loginOf(user))
  expect(settings.get('theme')).toBe('dark')
  await settings.put('language', 'de')
  await client.synchronize()
  expect(client.identity).toBe(guest)
  expect(await elsewhere(user)).toEqual(
    new Map([
      ['language', 'de'],
      ['theme', 'dark'],
    ]),
  )
})

test('[NL2] what a guest has comes along to a user who has data already, sent or not', async () => {
  const user = aUser()
  const first = await open({ login: loginOf(user) })
  await first.dataset('settings').put('font', 'large')
  await first.synchronize()

  const client = await open()
  const settings = client.dataset('settings')
  await settings.put('theme', 'dark')
  await client.synchronize()
  client.pause()
  await settings.put('draft', 'never sent as a guest')
  await client.signIn(loginOf(user))
  client.resume()
  await client.synchronize()
  expect(client.identity).toBe(first.identity)
  const all = new Map([
    ['draft', 'never sent as a guest'],
    ['font', 'large'],
    ['theme', 'dark'],
  ])
  expect(new Map(settings.entries())).toEqual(all)
  expect(await elsewhere(user)).toEqual(all)
})

test('[NL2] a key that guest and user both have is a conflict like any other, and is resolved by its policy', async () => {
  const user = aUser()
  const first = await open({ login: loginOf(user) })
  await first.dataset('settings').put('theme', 'light')
  await first.synchronize()

  const asked: ConflictSides[] = []
  const client = await open({
    conflicts: (sides): Choice => {
      asked.push(sides)
      return { value: `${sides.local.value} over ${sides.remote.value}` }
    },
  })
  const settings = client.dataset('settings')
  await settings.put('theme', 'dark')
  await client.signIn(loginOf(user))
  await client.synchronize()
  expect(asked).toMatchObject([
    { dataset: 'settings', key: 'theme', local: { value: 'dark' }, remote: { value: 'light' } },
  ])
  expect(await elsewhere(user)).toEqual(new Map([['theme', 'dark over light']]))
})

test('[NL2] edits made while the sign-in is under way are not lost', async () => {
  const user = aUser()
  const first = await open({ login: loginOf(user) })
  await first.dataset('settings').put('font', 'large')
  await first.synchronize()

  const client = await open()
  const settings = client.dataset('settings')
  await settings.put('key-0', '0')
  let written = 1
  let signedIn = false
  const signing = client.signIn(loginOf(user)).then(() => (signedIn = true))
  while (!signedIn) {
    void settings.put(`key-${written}`, String(written))
    written++
    await new Promise((resolve) => setImmediate(resolve))
  }
  await signing
  await client.synchronize()
  const there = await elsewhere(user)
  for (let at = 0; at < written; at++) expect(there.get(`key-${at}`)).toBe(String(at))
})

test('[NL3] an app may leave the guest’s data behind', async () => {
  const user = aUser()
  const first = await open({ login: loginOf(user) })
  await first.dataset('settings').put('theme', 'light')
  await first.synchronize()
  const client = await open()
  const settings = client.dataset('settings')
  await settings.put('theme', 'dark')
  await settings.put('draft', 'a guest’s')
  await client.synchronize()
  await client.signIn(loginOf(user), { guestData: 'leave' })
  await client.synchronize()
  expect(settings.entries()).toEqual([['theme', 'light']])
})

test('[NL4] a dataset tells its subscribers what another user shows differently', async () => {
  const user = aUser()
  const first = await open({ login: loginOf(user) })
  await first.dataset('settings').edit([
    ['theme', 'light'],
    ['font', 'large'],
  ])
  await first.synchronize()
  const client = await open()
  const settings = client.dataset('settings')
  await settings.put('draft', 'a guest’s')
  await client.signIn(loginOf(user))
  const changed = new Set<string>()
  settings.subscribe(({ keys }) => keys.forEach((key) => changed.add(key)))
  await client.synchronize()
  expect([...changed].sort()).toEqual(['font', 'theme'])
  await client.signOut({ wipe: false })
  expect([...changed].sort()).toEqual(['draft', 'font', 'theme'])
  expect(settings.size).toBe(0)
})

test('[NL5] data kept at sign-out is there again after the next sign-in, edits that were never sent included', async () => {
  const user = aUser()
  const client = await open({ login: loginOf(user) })
  const settings = client.dataset('settings')
  await settings.put('theme', 'dark')
  await client.synchronize()
  client.pause()
  await settings.put('draft', 'never sent')
  await client.signOut({ wipe: false })
  expect(settings.entries()).toEqual([])
  await client.synchronize()
  const guest = client.identity
  await client.signIn(loginOf(user))
  expect(client.identity).not.toBe(guest)
  expect(new Map(settings.entries())).toEqual(
    new Map([
      ['draft', 'never sent'],
      ['theme', 'dark'],
    ]),
  )
  await client.synchronize()
  expect((await elsewhere(user)).get('draft')).toBe('never sent')
})

test('[NL6] data wiped at sign-out are gone from the device', async () => {
  const directory = aDirectory()
  const client = await open({ login: loginOf(aUser()), directory })
  await client.dataset('settings').put('theme', 'dark')
  await client.synchronize()
  await client.signOut({ wipe: true })
  const [home] = readdirSync(directory)
  const stores = readdirSync(join(directory, home!), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(stores).toHaveLength(1)
  expect(client.dataset('settings').size).toBe(0)
})

test('[NL7] a signed-in device opened without a login reads and writes, says that it needs one, and goes on with it', async () => {
  const user = aUser()
  const directory = aDirectory()
  const before = await open({ login: loginOf(user), directory })
  await before.dataset('settings').put('theme', 'dark')
  await before.synchronize()
  await before.close()

  const client = await open({ directory })
  const settings = client.dataset('settings')
  expect(settings.get('theme')).toBe('dark')
  await settings.put('draft', 'written while signed out')
  await new Promise<void>((resolve) => {
    if (client.status.kind === 'needs-auth') resolve()
    client.onStatus(({ kind }) => kind === 'needs-auth' && resolve())
  })
  await client.signIn(loginOf(user))
  await client.synchronize()
  expect((await elsewhere(user)).get('draft')).toBe('written while signed out')
})

test('[NL8] one user’s data are never mixed with another’s', async () => {
  const [one, two] = [aUser(), aUser()]
  const client = await open({ login: loginOf(one) })
  const settings = client.dataset('settings')
  await settings.put('secret', 'of the first')
  await client.synchronize()
  await client.signIn(loginOf(two))
  expect(settings.entries()).toEqual([])
  await settings.put('theme', 'dark')
  await client.synchronize()
  expect(await elsewhere(two)).toEqual(new Map([['theme', 'dark']]))
  await client.signIn(loginOf(one))
  expect(settings.entries()).toEqual([['secret', 'of the first']])
})

test('[NL9] a guest whom the server has forgotten goes on as another one, with everything that is on the device', async () => {
  const client = await open()
  const settings = client.dataset('settings')
  await settings.put('theme', 'dark')
  await client.synchronize()
  const before = client.identity!
  client.pause()
  await settings.put('draft', 'never sent')
  await adminOf(server).identity.deleteIdentities({ IdentityIdsToDelete: [before] })
  client.resume()
  await client.synchronize().catch(() => {}) // The store changes under it.
  await eventually(async () => {
    await client.synchronize()
    expect(client.identity).not.toBe(before)
    expect(settings.pending()).toEqual([])
  }, 20_000)
  const other = await open({ guest: client.identity! })
  const theirs = other.dataset('settings')
  await other.synchronize()
  expect(new Map(theirs.entries())).toEqual(
    new Map([
      ['draft', 'never sent'],
      ['theme', 'dark'],
    ]),
  )
})

test('[D8] after a backup was put back, devices start over and send what they have of what came after it', async () => {
  const own = await startServer({ settings: { SATCHEL_DEMO: 'on' } })
  const [, demo] = await own.process.line(/"demoPool":"([^"]+)"/)
  const there = { endpoint: own.url, pool: demo! }
  const a = await open(there)
  const settings = a.dataset('settings')
  await settings.put('theme', 'dark')
  await a.synchronize()
  own.process.signal('SIGTERM')
  await own.process.end()
  const backup = aDirectory()
  cpSync(own.dataDir, backup, { recursive: true })

  const going = await own.restart({ SATCHEL_PORT: new URL(own.url).port })
  await settings.put('font', 'large')
  await settings.put('theme', 'light')
  await eventually(() => a.synchronize(), 20_000)
  going.process.signal('SIGTERM')
  await going.process.end()
  rmSync(own.dataDir, { recursive: true })
  cpSync(backup, own.dataDir, { recursive: true })
  const env = { PATH: process.env['PATH'], SATCHEL_DATA_DIR: own.dataDir }
  const { stderr } = await promisify(execFile)(process.execPath, [SERVER_MAIN, '--new-epoch'], { env })
  expect(stderr).toContain('A new epoch has begun for 1 datasets')

  const restored = await own.restart({ SATCHEL_PORT: new URL(own.url).port })
  await eventually(() => a.synchronize(), 20_000)
  const b = await open({ ...there, guest: a.identity! })
  const theirs = b.dataset('settings')
  await b.synchronize()
  const all = [
    ['font', 'large'],
    ['theme', 'light'],
  ]
  expect([settings.entries(), theirs.entries()]).toEqual([all, all])
  await Promise.all([a.close(), b.close()])
  await restored.stop()
  rmSync(own.dataDir, { recursive: true, force: true })
})

test('a sign-in that fails leaves everything as it was', async () => {
  const client = await open()
  const settings = client.dataset('settings')
  await settings.put('theme', 'dark')
  await client.synchronize()
  const guest = client.identity
  await expect(client.signIn(() => Promise.reject(new Error('no backend')))).rejects.toThrow()
  expect(client.identity).toBe(guest)
  await settings.put('language', 'de')
  await client.synchronize()
  expect(settings.size).toBe(2)
})

test('writes are told what became of them', async () => {
  const a = await open({ conflicts: () => 'defer' })
  const ours = a.dataset('settings')
  const accepted = ours.put('theme', 'dark')
  expect(await accepted.outcome).toEqual({ kind: 'accepted' })
  const b = await open({ guest: a.identity!, conflicts: 'remote' })
  const theirs = b.dataset('settings')
  await b.synchronize()

  b.pause()
  await theirs.put('theme', 'theirs')
  await theirs.put('only', 'theirs')
  expect(await ours.put('theme', 'ours').outcome).toEqual({ kind: 'accepted' })
  const overruled = theirs.put('theme', 'theirs again')
  b.resume()
  await b.synchronize()
  expect(await overruled.outcome).toEqual({ kind: 'overruled' })
  expect(theirs.get('theme')).toBe('ours')

  await a.synchronize()
  a.pause()
  const conflicting = ours.put('theme', 'ours, offline')
  const superseded = ours.put('other', '1')
  const newer = ours.put('other', '2')
  await theirs.put('theme', 'theirs, meanwhile').outcome
  a.resume()
  await a.synchronize()
  expect(await conflicting.outcome).toEqual({ kind: 'conflict' })
  expect([await superseded.outcome, await newer.outcome]).toEqual([{ kind: 'accepted' }, { kind: 'accepted' }])
  const [conflict] = ours.conflicts()
  expect(conflict).toMatchObject({
    key: 'theme',
    local: { value: 'ours, offline' },
    remote: { value: 'theirs, meanwhile' },
  })
  expect(await conflict!.resolve({ value: 'both' }).outcome).toEqual({ kind: 'accepted' })
  await b.synchronize()
  expect(theirs.get('theme')).toBe('both')
})

test('what no server would take is refused before it is queued, with the limit named', async () => {
  const client = await open({ paused: true })
  const settings = client.dataset('settings')
  expect(() => settings.put('', 'x')).toThrow("at 'key' failed to satisfy constraint: Member must have length greater")
  expect(() => settings.put('a\u0000b', 'x')).toThrow('U+0000')
  expect(() => settings.put('a', '\ud800')).toThrow('lone surrogates')
  expect(() => settings.put('a', 7 as unknown as string)).toThrow('Member must be a string')
  await settings.edit(Array.from({ length: 1_024 }, (_, at) => [`key-${at}`, 'x'] as const))
  expect(() => settings.put('one more', 'x')).toThrow('there would be 1025 records in the dataset; at most 1024')
  await settings.remove('key-0')
  await settings.put('one more', 'x')
  expect(() => settings.put('key-1', 'x'.repeat(1_048_000))).toThrow('bytes in the dataset; at most 1048576')
  expect(settings.usage()).toMatchObject({ records: 1_024, recordsMax: 1_024, bytesMax: 1_048_576 })
  expect(() => client.dataset('a b')).toThrow('datasetName')
})
