import { lockDirectory } from './directory-lock.js'
import type { FileSystem } from './file-system.js'
import { SimulatedDisk } from './testing/simulated-disk.js'

/** Every call of every process takes as long as every other, so that all of them put up their files before any looks. */
test.each([2, 3, 7])(
  '[NC12] of %i processes that come in the same instant exactly one gets the directory',
  async (many) => {
    const disk = new SimulatedDisk()
    const outcomes = await Promise.all(
      Array.from({ length: many }, (_, at) =>
        lockDirectory(disk, 'dir', { pid: 100 + at, startOf: () => '1' }).then(
          () => 'has it',
          (fault: { kind: string }) => fault.kind,
        ),
      ),
    )
    expect(outcomes.sort()).toEqual(['has it', ...Array.from({ length: many - 1 }, () => 'in-use')])
    expect(disk.paths).toHaveLength(1)
  },
)

test('[NC12] who gives the directory back leaves nothing behind', async () => {
  const disk = new SimulatedDisk()
  const release = await lockDirectory(disk, 'dir', { pid: 100, startOf: () => '1' })
  await release()
  expect(disk.paths).toEqual([])
})

test('[NC12] a process that looked before the other came, and is slow to say so, has the directory all the same', async () => {
  const disk = new SimulatedDisk()
  let goOn = (): void => undefined
  const gate = new Promise<void>((resolve) => (goOn = resolve))
  let looked = (): void => undefined
  const hasLooked = new Promise<void>((resolve) => (looked = resolve))
  const slow: FileSystem = {
    makeDirectory: (path) => disk.makeDirectory(path),
    list: (path) => disk.list(path),
    read: (path) => disk.read(path),
    open: (path, options) => disk.open(path, options),
    link: (from, to) => disk.link(from, to),
    remove: (path) => disk.remove(path),
    syncDirectory: (path) => disk.syncDirectory(path),
    async rename(from, to) {
      looked()
      await gate
      await disk.rename(from, to)
    },
  }
  const first = lockDirectory(slow, 'dir', { pid: 200, startOf: () => '1' })
  await hasLooked
  const second = lockDirectory(disk, 'dir', { pid: 100, startOf: () => '1' })
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  goOn()
  await first
  await expect(second).rejects.toMatchObject({ kind: 'in-use' })
})
