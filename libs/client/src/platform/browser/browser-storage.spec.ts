import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { SystemClock } from '../../runtime/clock.js'
import { SystemRandom } from '../../runtime/random.js'
import { deviceStorageContract, profileOf } from '../device-storage.contract.js'
import { BrowserStorage } from './browser-storage.js'

const open = (endpoint = 'https://sync.example'): BrowserStorage =>
  new BrowserStorage({ endpoint, pool: 'pool', name: 'default', clock: new SystemClock(), random: new SystemRandom() })

describe('BrowserStorage', () => {
  deviceStorageContract(() => {
    globalThis.indexedDB = new IDBFactory()
    return Promise.resolve({ open, close: () => Promise.resolve() })
  })

  test('[NM3] of tabs that replace a profile at once one does, and the others are told what is stored', async () => {
    globalThis.indexedDB = new IDBFactory()
    const guest = await open().profile(profileOf('guest'))
    const crowd = Array.from({ length: 8 }, (_, at) =>
      open().replaceProfile({ from: guest, to: profileOf(`store ${at}`, { identity: `eu-west-1:${at}` }) }),
    )
    const stored = await Promise.all(crowd)
    expect(new Set(stored.map(({ store }) => store)).size).toBe(1)
    expect(await open().profile(profileOf('late'))).toEqual(stored[0])
  })

  test('[NC22] the browser is asked once to keep what is stored, and its answer is not waited for', async () => {
    let asked = 0
    Object.defineProperty(globalThis, 'navigator', {
      configurable: true,
      value: { storage: { persist: () => new Promise(() => asked++) } },
    })
    const storage = open()
    const first = await storage.open('one')
    await first.recover()
    await storage.open('two')
    expect(asked).toBe(1)
    await first.close()
  })

  test('[NC15] a browser that keeps nothing is an honest fault', async () => {
    const failing = new IDBFactory()
    failing.open = () => {
      throw new DOMException('not in this window', 'SecurityError')
    }
    globalThis.indexedDB = failing
    await expect(open().profile(profileOf('fresh'))).rejects.toMatchObject({ kind: 'unavailable' })
  })
})
