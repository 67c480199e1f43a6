import { execFileSync } from 'node:child_process'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  watch,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { aGuest, aPool, type Somebody } from '../support/a-pool.js'
import { BatchLedger } from '../support/batch-ledger.js'
import { ClientProcess, type OpenOptions, type Shown, type Told } from '../support/client-process.js'
import { differences } from '../support/dataset-history.js'
import { eventually } from '../support/eventually.js'
import { settled } from '../support/live-device.js'
import { startServer, type RunningServer } from '../support/start-server.js'
import { TcpProxy } from '../support/tcp-proxy.js'

const WAIT_MS_MAX = 60_000
const NOTES = 'notes'

const home = mkdtempSync(join(tmpdir(), 'satchel-client-store-'))
const clients: ClientProcess[] = []
let server: RunningServer
let pool: string
let user: Somebody
let directories = 0

beforeAll(async () => {
  server = await startServer({ settings: { SATCHEL_LOG_LEVEL: 'warn' } })
  pool = await aPool(server)
})
beforeEach(async () => {
  user = await aGuest(server, pool)
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.kill()))
})
afterAll(async () => {
  await server.stop()
  rmSync(home, { recursive: true })
})

const aDirectory = (): string => join(home, `device-${++directories}`)

const start = (options: Parameters<typeof ClientProcess.start>[0] = {}): ClientProcess => {
  const client = ClientProcess.start(options)
  clients.push(client)
  return client
}

/** Opens a device of the user in a process of its own. */
async function opened(directory: string, over: Partial<OpenOptions> = {}, listen?: (told: Told) => void) {
  const client = start(listen === undefined ? {} : { listen })
  const options = { endpoint: server.url, pool, guest: user.identity, directory, ...over }
  const { notes } = await client.open(options, [NOTES])
  return { client, notes }
}

const valuesIn = ({ entries }: Shown): Record<string, string> => Object.fromEntries(entries)

/** Every file below a directory with what is in it; locks, which are only names, left out. */
function filesIn(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.startsWith('lock-'),
  )
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'base64')]),
  )
}

const journalIn = (directory: string): string =>
  Object.keys(filesIn(directory)).find((path) => /\/journal$/.test(path))!

const batchesIn = (told: readonly Told[]) => told.flatMap((one) => (one.kind === 'batch' ? [one.batch] : []))

const statusUntil = (client: ClientProcess, wanted: RegExp): Promise<string> =>
  client.heard((told) => {
    if (told.kind !== 'status') return undefined
    const words = `${told.status.kind}: ${told.status.reason}`
    return wanted.test(words) ? words : undefined
  })

describe('a process killed', () => {
  test('[NH6] between saved and accepted shows its edits as pending when it is opened again, and sends them by itself', async () => {
    const directory = aDirectory()
    const first = await opened(directory, { paused: true })
    await first.client.save(1, NOTES, [['color', 'green']])
    await first.client.kill()

    const second = await opened(directory, { paused: true })
    expect(valuesIn(second.notes)).toEqual({ color: 'green' })
    expect(second.notes.pending).toMatchObject([{ key: 'color', value: 'green', sent: false }])
    await second.client.kill()

    const third = await opened(directory)
    await eventually(async () => expect((await third.client.show(NOTES)).pending).toEqual([]), WAIT_MS_MAX)
    expect((await user.device.list(NOTES)).Records).toMatchObject([{ Key: 'color', Value: 'green', SyncCount: 1 }])
  })

  test('[NH7] after the server has committed and before the answer sends again, and it counts once', async () => {
    const proxy = await TcpProxy.start(server.url)
    const directory = aDirectory()
    const ledger = new BatchLedger()
    const listen = (told: Told): void => {
      if (told.kind === 'batch') ledger.sent(told.batch)
      if (told.kind === 'answer') ledger.answered(told.answer)
    }
    const first = await opened(directory, { endpoint: proxy.url }, listen)
    await first.client.synchronize()
    proxy.weather = 'swallowing'
    await first.client.save(1, NOTES, [['color', 'green']])
    await eventually(
      async () => expect((await user.device.list(NOTES)).Records).toMatchObject([{ Value: 'green', SyncCount: 1 }]),
      WAIT_MS_MAX,
    )
    await first.client.kill()
    proxy.weather = 'fair'

    const second = await opened(directory, { endpoint: proxy.url }, listen)
    expect(second.notes.pending).toMatchObject([{ key: 'color', sent: true }])
    // Made before the answer has come: it builds on what that will say.
    await second.client.save(2, NOTES, [['color', 'blue']])
    await second.client.synchronize()
    expect(ledger.seen).toMatchObject({ batches: 2, repeated: 1, accepted: 2, acceptedAgain: 0, conflicts: 0 })
    expect(ledger.faults).toEqual([])
    const listing = await user.device.list(NOTES)
    expect(listing).toMatchObject({ DatasetSyncCount: 2, Records: [{ Value: 'blue', SyncCount: 2 }] })
    expect(differences(ledger.histories.get(NOTES)!.replay(), listing)).toEqual([])
    await second.client.close()
    await proxy.close()
  })

  test('[NH8] lets the next one open the store at once, while a second one beside it is refused with the number of the first', async () => {
    const directory = aDirectory()
    const { client } = await opened(directory, { paused: true })
    await client.save(1, NOTES, [['color', 'green']])
    await expect(opened(directory)).rejects.toMatchObject({
      name: 'JournalFault',
      kind: 'in-use',
      message: expect.stringMatching(new RegExp(`\\b${client.pid}\\b`)),
    })
    await client.save(2, NOTES, [['size', 'large']])
    await client.kill()
    const next = await opened(directory, { paused: true })
    expect(valuesIn(next.notes)).toEqual({ color: 'green', size: 'large' })
  })
})

describe('a journal', () => {
  test.each([
    ['the snapshot is being written', /^snapshot-\d+\.tmp$/],
    ['the snapshot has its name', /^snapshot-\d+$/],
    ['the shorter journal is being written', /^journal\.tmp$/],
  ])('[NH15] whose process is killed when %s holds everything that was saved', async (_, name) => {
    const directory = aDirectory()
    const { client } = await opened(directory, { paused: true })
    await client.save(0, NOTES, [['first', 'word']])
    const store = dirname(journalIn(directory))
    const appeared = new Promise<void>((resolve) => {
      const watcher = watch(store, (__, changed) => {
        if (!name.test(changed ?? '')) return
        watcher.close()
        // Not one turn later: what is watched for is there for a few milliseconds.
        process.kill(client.pid, 'SIGKILL')
        resolve()
      })
    })
    // Every edit takes the place of the one before; only the journal grows.
    const stamps = Array.from({ length: 8 }, (__, n) => `${n}`.repeat(200_000))
    for (const [n, stamp] of stamps.entries()) await client.save(n + 1, NOTES, [['large', stamp]])
    await appeared
    await client.kill()
    const { notes } = await opened(directory, { paused: true })
    expect(valuesIn(notes)).toEqual({ first: 'word', large: stamps.at(-1) })
    expect(notes.pending).toHaveLength(2)
  })

  test.each([
    ['cut short', (path: string) => truncateSync(path, statSync(path).size - 3)],
    [
      'with half a frame behind',
      (path: string) => append(path, Buffer.from([0xf5, 0xf5, 200, 0, 0, 0, 1, 2, 3, 4, 91])),
    ],
    ['with nothing but holes behind', (path: string) => append(path, Buffer.alloc(4_096))],
  ])('[NH9] %s by hand opens with everything that was whole, and goes on', async (name, tear) => {
    const directory = aDirectory()
    const { client } = await opened(directory, { paused: true })
    await client.save(1, NOTES, [['color', 'green']])
    await client.save(2, NOTES, [['size', 'large']])
    await client.kill()
    tear(journalIn(directory))

    const second = await opened(directory, { paused: true })
    // What is cut off by hand is gone; a crash cuts only what was not acknowledged.
    const whole = name === 'cut short' ? { color: 'green' } : { color: 'green', size: 'large' }
    expect(valuesIn(second.notes)).toEqual(whole)
    await second.client.save(3, NOTES, [['font', 'mono']])
    await second.client.kill()
    const third = await opened(directory)
    expect(valuesIn(third.notes)).toEqual({ ...whole, font: 'mono' })
    await third.client.synchronize()
    const listed = (await user.device.list(NOTES)).Records.map(({ Key, Value }) => [Key, Value])
    expect(Object.fromEntries(listed)).toEqual({ ...whole, font: 'mono' })
  })

  test('[NH10] of a newer format is refused, and stays as it is, byte for byte', async () => {
    const directory = aDirectory()
    const { client } = await opened(directory, { paused: true })
    await client.save(1, NOTES, [['color', 'green']])
    await client.close()
    const path = journalIn(directory)
    const text = JSON.stringify({ format: 2, term: 0, through: 0, more: 'than is known here' })
    const { encodeFrame } = await import('../../libs/client/src/platform/node/journal-frames.js')
    const newer = Buffer.concat([encodeFrame(text), readFileSync(path)])
    truncateSync(path)
    append(path, newer)
    const before = filesIn(directory)

    await expect(opened(directory)).rejects.toMatchObject({ name: 'JournalFault', kind: 'newer-format' })
    expect(filesIn(directory)).toEqual(before)
  })
})

describe('a device', () => {
  test('[NH14] that was without a network for long sends one patch for each key, however many edits there were', async () => {
    const directory = aDirectory()
    const { client } = await opened(directory, { paused: true })
    let n = 0
    for (let round = 0; round < 60; round++) {
      for (let key = 0; key < 10; key++) await client.edit(++n, NOTES, [[`key ${key}`, `value ${round}`]])
    }
    await client.save(++n, NOTES, [['key 9', null]])
    await client.kill()

    const second = await opened(directory)
    expect(second.notes.pending).toHaveLength(10)
    await second.client.synchronize()
    const batches = batchesIn(second.client.told)
    expect(batches.map(({ patches }) => patches.length)).toEqual([10])
    const listing = await user.device.list(NOTES)
    expect(listing.DatasetSyncCount).toBe(1)
    const live = listing.Records.filter(({ Value }) => typeof Value === 'string')
    expect(live.map(({ Key, Value }) => [Key, Value])).toEqual(
      Array.from({ length: 9 }, (_, key) => [`key ${key}`, 'value 59']),
    )
  })

  test('[NH13] over HTTP converges with others, is told of changes, and loses nothing when it is killed', async () => {
    const directory = aDirectory()
    const first = await opened(directory, { transport: 'http' })
    const other = await opened(aDirectory(), { transport: 'http' })
    const socket = await opened(aDirectory(), { transport: 'socket' })
    await first.client.save(1, NOTES, [['color', 'green']])
    await other.client.save(1, NOTES, [['size', 'large']])
    await first.client.save(2, NOTES, [['font', 'mono']])
    await first.client.kill()
    const again = await opened(directory, { transport: 'http' })
    const expected = { color: 'green', font: 'mono', size: 'large' }
    // Nobody asks for it: changes are told.
    for (const { client } of [again, other, socket]) {
      await eventually(async () => {
        const shown = await client.show(NOTES)
        expect(valuesIn(shown)).toEqual(expected)
        expect(shown.pending).toEqual([])
      }, WAIT_MS_MAX)
    }
    const listed = (await user.device.list(NOTES)).Records.map(({ Key, Value }) => [Key, Value])
    expect(Object.fromEntries(listed)).toEqual(expected)
  })

  test('[NH11] whose disk is full goes on showing its edits, says so, and saves and sends them when there is room', async () => {
    // So many blocks of 512 bytes; the program raises the limit by itself as little as a full disk becomes larger.
    const client = start({ shell: 'ulimit -S -f 64' })
    const directory = aDirectory()
    await client.open({ endpoint: server.url, pool, guest: user.identity, directory }, [NOTES])
    await client.synchronize()
    const value = 'x'.repeat(8_000)
    const keys = Array.from({ length: 8 }, (_, n) => `key ${n}`)
    for (const [n, key] of keys.entries()) await client.edit(n, NOTES, [[key, value]])
    const words = await statusUntil(client, /no room/)
    expect(words).toMatch(/^(stalled|waiting): /)
    expect((await client.show(NOTES)).entries.map(([key]) => key)).toEqual(keys)
    expect(client.told.filter(({ kind }) => kind === 'failed')).toEqual([])
    expect(client.told.filter(({ kind }) => kind === 'saved').length).toBeLessThan(keys.length)

    execFileSync('prlimit', ['--fsize=unlimited', '--pid', `${client.pid}`])
    for (const n of keys.keys()) {
      await client.heard((told) => (told.kind === 'saved' && told.n === n ? true : undefined), WAIT_MS_MAX)
    }
    await eventually(async () => expect((await client.show(NOTES)).pending).toEqual([]), WAIT_MS_MAX)
    expect((await user.device.list(NOTES)).Records.map(({ Key }) => Key).sort()).toEqual(keys)
    await client.kill()
    const { notes } = await opened(directory, { paused: true })
    expect(notes.entries.map(([key]) => key)).toEqual(keys)
  }, 200_000)

  test('[NH12] whose server hangs saves its edits, says that it gets no answer, and goes on when the server does', async () => {
    const { client } = await opened(aDirectory())
    await client.synchronize()
    await statusUntil(client, /^live/)
    server.process.signal('SIGSTOP')
    try {
      await client.save(1, NOTES, [['color', 'green']])
      const words = await statusUntil(client, /^(waiting|stalled)/)
      expect(words).toMatch(/not answered|in time|timeout/)
      expect(await client.show(NOTES)).toMatchObject({ entries: [['color', 'green']], pending: [{ key: 'color' }] })
    } finally {
      server.process.signal('SIGCONT')
    }
    expect(await client.outcome(1)).toEqual({ kind: 'accepted' })
    await eventually(async () => settled((await client.status()).kind === 'live', 'not live again'), WAIT_MS_MAX)
    expect((await user.device.list(NOTES)).DatasetSyncCount).toBe(1)
  }, 200_000)
})

function append(path: string, bytes: Buffer): void {
  const file = openSync(path, 'a')
  writeSync(file, bytes)
  closeSync(file)
}
