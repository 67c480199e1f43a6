import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { faultOf, groupOf, journalContract, snapshotOf, textOf } from '../../journal/journal.contract.js'
import type { JournalFault } from '../../journal/journal.js'
import { nodeProcesses } from './directory-lock.js'
import { FileJournal } from './file-journal.js'
import { type FileSystem, nodeFileSystem } from './file-system.js'
import { encodeFrame } from './journal-frames.js'

describe('FileJournal', () => {
  let directory: string
  let journal: FileJournal
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'satchel-journal-'))
    journal = new FileJournal(join(directory, 'deep', 'store'))
  })
  afterEach(async () => {
    await journal.close().catch(() => undefined)
    await rm(directory, { recursive: true, force: true })
  })
  const store = (): string => join(directory, 'deep', 'store')

  journalContract(() => {
    const opened: FileJournal[] = []
    return Promise.resolve({
      open: () => opened[opened.push(new FileJournal(store())) - 1]!,
      shared: false,
      lose: () => rm(store(), { recursive: true }),
      close: async () => {
        await Promise.all(opened.map((each) => each.close()))
      },
    })
  })

  const withGroups = async (keys: string[], files?: FileSystem): Promise<void> => {
    journal = new FileJournal(store(), files)
    await journal.recover()
    for (const key of keys) await journal.append(groupOf(key), null)
  }
  const recovered = async (): Promise<Awaited<ReturnType<FileJournal['recover']>>> => {
    await journal.close()
    journal = new FileJournal(store())
    return journal.recover()
  }

  test('[NC12] the second one that opens a directory is told the process that has it, and the third one gets it', async () => {
    await withGroups(['a'])
    const second = new FileJournal(store())
    await expect(second.recover()).rejects.toMatchObject({
      kind: 'in-use',
      message: expect.stringContaining(`process ${process.pid} `),
    })
    await second.close()
    expect((await recovered()).groups).toHaveLength(1)
  })

  test('[NC12] of many that come at once exactly one gets the directory', async () => {
    const crowd = Array.from({ length: 12 }, () => new FileJournal(store()))
    const outcomes = await Promise.all(crowd.map((each) => each.recover().then(() => 'has it', faultAsText)))
    expect(outcomes.sort()).toEqual(['has it', ...Array.from({ length: 11 }, () => 'in-use')])
    await Promise.all(crowd.map((each) => each.close()))
    expect((await readdir(store())).filter((name) => name.startsWith('lock'))).toEqual([])
  })

  test.each([
    ['runs no more', 'lock-4194304-77.abc-0.1-held'],
    ['is another process by now', `lock-1-77.abc-0.1-held`],
    ['died while it was looking', 'lock-4194304-77.abc-0.1-want'],
  ])('[NC12] the lock of a process that %s is taken over', async (_, name) => {
    await withGroups(['a'])
    await journal.close()
    await writeFile(join(store(), name), '')
    expect((await recovered()).groups).toHaveLength(1)
    expect(await readdir(store())).not.toContain(name)
  })

  test('[NC12] a process that runs is known by when it began', () => {
    expect(nodeProcesses.startOf(process.pid)).toBe(nodeProcesses.startOf(process.pid))
    expect(nodeProcesses.startOf(4194304)).toBeNull()
  })

  test('[NC6] a newer format is refused, and nothing in the directory is touched', async () => {
    await withGroups(['a'])
    await journal.close()
    const newer = Buffer.concat([encodeFrame('{"format":2,"what":"ever"}'), Buffer.from('bytes of a later format')])
    await writeFile(join(store(), 'journal'), newer)
    await writeFile(join(store(), 'snapshot-7'), 'of a later format')
    await writeFile(join(store(), 'journal.tmp'), 'left over')
    const names = await readdir(store())
    journal = new FileJournal(store())
    expect(await faultOf(journal.recover())).toBe('newer-format')
    await journal.close()
    expect(await readdir(store())).toEqual(names)
    expect(await readFile(join(store(), 'journal'))).toEqual(newer)
  })

  test('[NC6] a snapshot of a newer format is refused too', async () => {
    await withGroups(['a'])
    await journal.close()
    await writeFile(join(store(), 'snapshot-7'), encodeFrame('{"format":2}'))
    journal = new FileJournal(store())
    expect(await faultOf(journal.recover())).toBe('newer-format')
  })

  test('[NC10] a last frame that was cut short is dropped without a word, and its place is given out again', async () => {
    await withGroups(['a', 'b'])
    await journal.close()
    const path = join(store(), 'journal')
    await truncate(path, (await readFile(path)).length - 3)
    expect(await recovered()).toEqual({ snapshot: null, groups: [{ place: 1, group: groupOf('a') }], damage: null })
    expect(await journal.append(groupOf('c'), null)).toBe(2)
    expect((await recovered()).groups.map(({ group }) => group)).toEqual([groupOf('a'), groupOf('c')])
  })

  test('[NC9] a directory that is removed under a journal is lost, and nothing is called saved', async () => {
    await withGroups(['a'])
    await rm(store(), { recursive: true })
    expect(await faultOf(journal.append(groupOf('b'), null))).toBe('lost')
    expect(await faultOf(journal.readAfter(0))).toBe('lost')
    expect(await faultOf(journal.append(groupOf('c'), null))).toBe('lost')
  })

  /** The real file system, but for calls that `fail` gives an error code for. */
  const failing = (fail: (call: string, path: string) => string | null): FileSystem => {
    const judge = (call: string, path: string): void => {
      const code = fail(call, path)
      if (code) throw Object.assign(new Error(`injected ${code}`), { code })
    }
    return {
      ...nodeFileSystem,
      async open(path, options) {
        const file = await nodeFileSystem.open(path, options)
        return {
          async write(bytes, position) {
            if (fail('write', path)) await file.write(bytes.subarray(0, bytes.length - 1), position)
            judge('write', path)
            await file.write(bytes, position)
          },
          async sync() {
            judge('sync', path)
            await file.sync()
          },
          async truncate(size) {
            judge('truncate', path)
            await file.truncate(size)
          },
          isLinked: () => file.isLinked(),
          close: () => file.close(),
        }
      },
    }
  }

  test.each(['ENOSPC', 'EDQUOT'])(
    '[NC5] %s is a fault of which nothing stays, and the next append works',
    async (code) => {
      let full = false
      await withGroups(
        ['a'],
        failing((call) => (full && call === 'write' ? code : null)),
      )
      full = true
      expect(await faultOf(journal.append(groupOf('lost'), null))).toBe('full')
      expect(await faultOf(journal.compact(snapshotOf(1), null))).toBe('full')
      full = false
      expect(await journal.append(groupOf('b'), null)).toBe(2)
      await journal.compact(snapshotOf(1), null)
      expect(await recovered()).toMatchObject({ groups: [{ group: groupOf('b') }], damage: null })
    },
  )

  test('[NC5] a disk so full that even cutting off fails is mended before the next append', async () => {
    let full = false
    await withGroups(
      ['a'],
      failing((call) => (full && call !== 'close' ? 'ENOSPC' : null)),
    )
    full = true
    for (const length of [300, 20, 100]) {
      expect(await faultOf(journal.append(groupOf('x'.repeat(length)), null))).toBe('full')
    }
    full = false
    await journal.append(groupOf('b'), null)
    expect(await recovered()).toEqual({
      snapshot: null,
      groups: ['a', 'b'].map((key, at) => ({ place: at + 1, group: groupOf(key) })),
      damage: null,
    })
  })

  test('[NC13] after a disk error the file is opened anew once, and the group is written once', async () => {
    let left = 0
    await withGroups(
      ['a'],
      failing((call) => (call === 'sync' && left-- > 0 ? 'EIO' : null)),
    )
    left = 1
    expect(await journal.append(groupOf('b'), null)).toBe(2)
    left = 99
    expect(await faultOf(journal.append(groupOf('lost'), null))).toBe('unavailable')
    expect((await recovered()).groups.map(({ group }) => group)).toEqual(['a', 'b'].map((key) => groupOf(key)))
    expect(await journal.append(groupOf('c'), null)).toBe(3)
    expect((await recovered()).groups.map(({ group }) => group)).toEqual(['a', 'b', 'c'].map((key) => groupOf(key)))
  })

  test('[NC4] a compaction that failed can be done again at once, and what it left can be read', async () => {
    let broken = true
    await withGroups(['a', 'b', 'c'])
    await journal.close()
    journal = new FileJournal(store(), {
      ...nodeFileSystem,
      rename: (from, to) =>
        broken && to.endsWith('journal')
          ? Promise.reject(Object.assign(new Error('injected'), { code: 'EIO' }))
          : nodeFileSystem.rename(from, to),
    })
    await journal.recover()
    expect(await faultOf(journal.compact(snapshotOf(1), null))).toBe('unavailable')
    expect(await journal.readAfter(1)).toHaveLength(2)
    expect(await faultOf(journal.compact(snapshotOf(1), null))).toBe('unavailable')
    broken = false
    await journal.compact(snapshotOf(1), null)
    const { snapshot, groups } = await recovered()
    expect(snapshot?.through).toBe(1)
    expect(groups.map(({ group }) => group)).toEqual([groupOf('b'), groupOf('c')])
  })

  test('[NC21] a snapshot that is broken is told and left out; the one before is used while it is there', async () => {
    await withGroups(['a', 'b', 'c'])
    await journal.compact(snapshotOf(1), null)
    const first = await readFile(join(store(), 'snapshot-1'))
    await journal.compact(snapshotOf(2), null)
    await journal.close()
    const path = join(store(), 'snapshot-2')
    const bytes = await readFile(path)
    bytes[bytes.length - 2]! ^= 4
    await writeFile(path, bytes)

    const found = await recovered()
    expect(found.damage).toMatch(/snapshot-2 is broken.*groups 1 to 2 /)
    expect(found).toMatchObject({ snapshot: null, groups: [{ group: [] }, { group: [] }, { group: groupOf('c') }] })
    expect(await journal.append(groupOf('d'), null)).toBe(4)

    await writeFile(join(store(), 'snapshot-1'), first)
    const older = await recovered()
    expect(textOf(older.snapshot)).toBe(textOf(snapshotOf(1)))
    expect(older.groups.map(({ place }) => place)).toEqual([2, 3, 4])

    await journal.compact(snapshotOf(4), null)
    expect((await recovered()).damage).toBeNull()
    expect((await readdir(store())).sort()).toEqual(['journal', expect.stringMatching(/^lock/), 'snapshot-3'])
  })

  test('[NC4] only the files that count stay', async () => {
    await withGroups(['a', 'b', 'c'])
    for (const through of [1, 2, 3]) await journal.compact(snapshotOf(through), null)
    await journal.close()
    expect((await readdir(store())).sort()).toEqual(['journal', 'snapshot-3'])
  })
})

const faultAsText = (error: JournalFault): string => error.kind
