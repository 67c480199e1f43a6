import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SystemRandom } from '../../runtime/random.js'
import { deviceStorageContract, profileOf } from '../device-storage.contract.js'
import { DirectoryStorage } from './directory-storage.js'

describe('DirectoryStorage', () => {
  let directory: string
  const open = (endpoint = 'https://sync.example'): DirectoryStorage =>
    new DirectoryStorage({ directory, endpoint, pool: 'pool', name: 'default', random: new SystemRandom() })

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'satchel-storage-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  deviceStorageContract(() => Promise.resolve({ open, close: () => Promise.resolve() }))

  test('[NC15] a profile is a file that says whose it is, and that only its owner may read', async () => {
    await open().profile(profileOf('mine'))
    const [home] = await readdir(directory)
    const path = join(directory, home!, 'profile.json')
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      endpoint: 'https://sync.example',
      pool: 'pool',
      name: 'default',
      profile: profileOf('mine'),
    })
    expect((await stat(path)).mode & 0o077).toBe(0)
    expect(await readdir(join(directory, home!))).toEqual(['profile.json'])
  })

  test('[NC15] a profile that cannot be read is a fault that names the file, and the file stays', async () => {
    await open().profile(profileOf('mine'))
    const [home] = await readdir(directory)
    const path = join(directory, home!, 'profile.json')
    await writeFile(path, '{"prof')
    await expect(open().profile(profileOf('fresh'))).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining(path),
    })
    expect(await readFile(path, 'utf8')).toBe('{"prof')
  })

  test('[NC15] a directory that cannot be made is a fault', async () => {
    await writeFile(join(directory, 'file'), '')
    directory = join(directory, 'file')
    await expect(open().profile(profileOf('fresh'))).rejects.toMatchObject({ kind: 'unavailable' })
    directory = join(directory, '..')
  })

  test('[NC16] a store that is open cannot be removed', async () => {
    const journal = await open().open('one')
    await journal.recover()
    await expect(open().remove('one')).rejects.toMatchObject({ kind: 'in-use' })
    await journal.close()
    await open().remove('one')
    const [home] = await readdir(directory)
    expect(await readdir(join(directory, home!))).toEqual([])
  })
})
