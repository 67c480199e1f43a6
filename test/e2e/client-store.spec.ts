import { execFileSync } from 'node:child_process'
import { BatchLedger } from '../support/batch-ledger.js'
import { ClientDevices, NOTES, valuesIn } from '../support/client-devices.js'
import type { ClientProcess, Told } from '../support/client-process.js'
import { differences } from '../support/dataset-history.js'
import { eventually } from '../support/eventually.js'
import { settled } from '../support/live-device.js'
import { TcpProxy } from '../support/tcp-proxy.js'

const WAIT_MS_MAX = 60_000

const devices = new ClientDevices()

const batchesIn = (told: readonly Told[]) => told.flatMap((one) => (one.kind === 'batch' ? [one.batch] : []))

const statusUntil = (client: ClientProcess, wanted: RegExp): Promise<string> =>
  client.heard((told) => {
    if (told.kind !== 'status') return undefined
    const words = `${told.status.kind}: ${told.status.reason}`
    return wanted.test(words) ? words : undefined
  })

describe('a process killed', () => {
  test('[NH6] between saved and accepted shows its edits as pending when it is opened again, and sends them by itself', async () => {
    const directory = devices.directory()
    const first = await devices.opened(directory, { paused: true })
    await first.client.save(1, NOTES, [['color', 'green']])
    await first.client.kill()

    const second = await devices.opened(directory, { paused: true })
    expect(valuesIn(second.notes)).toEqual({ color: 'green' })
    expect(second.notes.pending).toMatchObject([{ key: 'color', value: 'green', sent: false }])
    await second.client.kill()

    const third = await devices.opened(directory)
    await eventually(async () => expect((await third.client.show(NOTES)).pending).toEqual([]), WAIT_MS_MAX)
    expect((await devices.user.device.list(NOTES)).Records).toMatchObject([
      { Key: 'color', Value: 'green', SyncCount: 1 },
    ])
  })

  test('[NH7] after the server has committed and before the answer sends again, and it counts once', async () => {
    const proxy = await TcpProxy.start(devices.server.url)
    const directory = devices.directory()
    const ledger = new BatchLedger()
    const listen = (told: Told): void => {
      if (told.kind === 'batch') ledger.sent(told.batch)
      if (told.kind === 'answer') ledger.answered(told.answer)
    }
    const first = await devices.opened(directory, { endpoint: proxy.url }, listen)
    await first.client.synchronize()
    proxy.weather = 'swallowing'
    await first.client.save(1, NOTES, [['color', 'green']])
    await eventually(
      async () =>
        expect((await devices.user.device.list(NOTES)).Records).toMatchObject([{ Value: 'green', SyncCount: 1 }]),
      WAIT_MS_MAX,
    )
    await first.client.kill()
    proxy.weather = 'fair'

    const second = await devices.opened(directory, { endpoint: proxy.url }, listen)
    expect(second.notes.pending).toMatchObject([{ key: 'color', sent: true }])
    // Made before the answer has come: it builds on what that will say.
    await second.client.save(2, NOTES, [['color', 'blue']])
    await second.client.synchronize()
    expect(ledger.seen).toMatchObject({ batches: 2, repeated: 1, accepted: 2, acceptedAgain: 0, conflicts: 0 })
    expect(ledger.faults).toEqual([])
    const listing = await devices.user.device.list(NOTES)
    expect(listing).toMatchObject({ DatasetSyncCount: 2, Records: [{ Value: 'blue', SyncCount: 2 }] })
    expect(differences(ledger.histories.get(NOTES)!.replay(), listing)).toEqual([])
    await second.client.close()
    await proxy.close()
  })

  test('[NH8] lets the next one open the store at once, while a second one beside it is refused with the number of the first', async () => {
    const directory = devices.directory()
    const { client } = await devices.opened(directory, { paused: true })
    await client.save(1, NOTES, [['color', 'green']])
    await expect(devices.opened(directory)).rejects.toMatchObject({
      name: 'JournalFault',
      kind: 'in-use',
      message: expect.stringMatching(new RegExp(`\\b${client.pid}\\b`)),
    })
    await client.save(2, NOTES, [['size', 'large']])
    await client.kill()
    const next = await devices.opened(directory, { paused: true })
    expect(valuesIn(next.notes)).toEqual({ color: 'green', size: 'large' })
  })
})

describe('a device', () => {
  test('[NH14] that was without a network for long sends one patch for each key, however many edits there were', async () => {
    const directory = devices.directory()
    const { client } = await devices.opened(directory, { paused: true })
    let n = 0
    for (let round = 0; round < 60; round++) {
      for (let key = 0; key < 10; key++) await client.edit(++n, NOTES, [[`key ${key}`, `value ${round}`]])
    }
    await client.save(++n, NOTES, [['key 9', null]])
    await client.kill()

    const second = await devices.opened(directory)
    expect(second.notes.pending).toHaveLength(10)
    await second.client.synchronize()
    const batches = batchesIn(second.client.told)
    expect(batches.map(({ patches }) => patches.length)).toEqual([10])
    const listing = await devices.user.device.list(NOTES)
    expect(listing.DatasetSyncCount).toBe(1)
    const live = listing.Records.filter(({ Value }) => typeof Value === 'string')
    expect(live.map(({ Key, Value }) => [Key, Value])).toEqual(
      Array.from({ length: 9 }, (_, key) => [`key ${key}`, 'value 59']),
    )
  })

  test('[NH13] over HTTP converges with others, is told of changes, and loses nothing when it is killed', async () => {
    const directory = devices.directory()
    const first = await devices.opened(directory, { transport: 'http' })
    const other = await devices.opened(devices.directory(), { transport: 'http' })
    const socket = await devices.opened(devices.directory(), { transport: 'socket' })
    await first.client.save(1, NOTES, [['color', 'green']])
    await other.client.save(1, NOTES, [['size', 'large']])
    await first.client.save(2, NOTES, [['font', 'mono']])
    await first.client.kill()
    const again = await devices.opened(directory, { transport: 'http' })
    const expected = { color: 'green', font: 'mono', size: 'large' }
    // Nobody asks for it: changes are told.
    for (const { client } of [again, other, socket]) {
      await eventually(async () => {
        const shown = await client.show(NOTES)
        expect(valuesIn(shown)).toEqual(expected)
        expect(shown.pending).toEqual([])
      }, WAIT_MS_MAX)
    }
    const listed = (await devices.user.device.list(NOTES)).Records.map(({ Key, Value }) => [Key, Value])
    expect(Object.fromEntries(listed)).toEqual(expected)
  })

  test('[NH11] whose disk is full goes on showing its edits, says so, and saves and sends them when there is room', async () => {
    // So many blocks of 512 bytes; the program raises the limit by itself as little as a full disk becomes larger.
    const client = devices.start({ shell: 'ulimit -S -f 64' })
    const directory = devices.directory()
    await client.open(devices.options(directory), [NOTES])
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
    expect((await devices.user.device.list(NOTES)).Records.map(({ Key }) => Key).sort()).toEqual(keys)
    await client.kill()
    const { notes } = await devices.opened(directory, { paused: true })
    expect(notes.entries.map(([key]) => key)).toEqual(keys)
  }, 200_000)

  test('[NH12] whose server hangs saves its edits, says that it gets no answer, and goes on when the server does', async () => {
    const { client } = await devices.opened(devices.directory())
    await client.synchronize()
    await statusUntil(client, /^live/)
    devices.server.process.signal('SIGSTOP')
    try {
      await client.save(1, NOTES, [['color', 'green']])
      const words = await statusUntil(client, /^(waiting|stalled)/)
      expect(words).toMatch(/not answered|in time|timeout/)
      expect(await client.show(NOTES)).toMatchObject({ entries: [['color', 'green']], pending: [{ key: 'color' }] })
    } finally {
      devices.server.process.signal('SIGCONT')
    }
    expect(await client.outcome(1)).toEqual({ kind: 'accepted' })
    await eventually(async () => settled((await client.status()).kind === 'live', 'not live again'), WAIT_MS_MAX)
    expect((await devices.user.device.list(NOTES)).DatasetSyncCount).toBe(1)
  }, 200_000)
})
