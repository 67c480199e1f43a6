import { closeSync, openSync, readdirSync, readFileSync, statSync, truncateSync, watch, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ClientDevices, NOTES, valuesIn } from '../support/client-devices.js'

const devices = new ClientDevices()

describe('a journal', () => {
  test.each([
    ['the snapshot is being written', /^snapshot-\d+\.tmp$/],
    ['the snapshot has its name', /^snapshot-\d+$/],
    ['the shorter journal is being written', /^journal\.tmp$/],
  ])('[NH15] whose process is killed when %s holds everything that was saved', async (_, name) => {
    const directory = devices.directory()
    const { client } = await devices.opened(directory, { paused: true })
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
    const { notes } = await devices.opened(directory, { paused: true })
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
    const directory = devices.directory()
    const { client } = await devices.opened(directory, { paused: true })
    await client.save(1, NOTES, [['color', 'green']])
    await client.save(2, NOTES, [['size', 'large']])
    await client.kill()
    tear(journalIn(directory))

    const second = await devices.opened(directory, { paused: true })
    // What is cut off by hand is gone; a crash cuts only what was not acknowledged.
    const whole = name === 'cut short' ? { color: 'green' } : { color: 'green', size: 'large' }
    expect(valuesIn(second.notes)).toEqual(whole)
    await second.client.save(3, NOTES, [['font', 'mono']])
    await second.client.kill()
    const third = await devices.opened(directory)
    expect(valuesIn(third.notes)).toEqual({ ...whole, font: 'mono' })
    await third.client.synchronize()
    const listed = (await devices.user.device.list(NOTES)).Records.map(({ Key, Value }) => [Key, Value])
    expect(Object.fromEntries(listed)).toEqual({ ...whole, font: 'mono' })
  })

  test('[NH10] of a newer format is refused, and stays as it is, byte for byte', async () => {
    const directory = devices.directory()
    const { client } = await devices.opened(directory, { paused: true })
    await client.save(1, NOTES, [['color', 'green']])
    await client.close()
    const path = journalIn(directory)
    const text = JSON.stringify({ format: 2, term: 0, through: 0, more: 'than is known here' })
    const { encodeFrame } = await import('../../libs/client/src/platform/node/journal-frames.js')
    const newer = Buffer.concat([encodeFrame(text), readFileSync(path)])
    truncateSync(path)
    append(path, newer)
    const before = filesIn(directory)

    await expect(devices.opened(directory)).rejects.toMatchObject({ name: 'JournalFault', kind: 'newer-format' })
    expect(filesIn(directory)).toEqual(before)
  })
})

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

function append(path: string, bytes: Buffer): void {
  const file = openSync(path, 'a')
  writeSync(file, bytes)
  closeSync(file)
}
