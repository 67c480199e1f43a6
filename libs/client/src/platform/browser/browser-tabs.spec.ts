import { tabsContract } from '../../tabs/tabs.contract.js'
import { SystemClock } from '../../runtime/clock.js'
import { SystemRandom } from '../../runtime/random.js'
import { BrowserTabs } from './browser-tabs.js'

/** Web Locks as far as tabs use them, for a Node that has none; Chromium's own are tested with the demo page. */
class OneLock {
  #waiting: (() => void)[] = []
  #rob: (() => void) | null = null

  request(_: string, { steal, signal }: { steal?: boolean; signal?: AbortSignal }, held: () => Promise<void>) {
    return new Promise<void>((resolve, reject) => {
      const grant = (): void => {
        const robbed = this.#rob
        const rob = (this.#rob = () => reject(new DOMException('the lock was stolen', 'AbortError')))
        robbed?.()
        void held().then(() => {
          resolve()
          if (this.#rob !== rob) return
          this.#rob = null
          this.#waiting.shift()?.()
        })
      }
      if (steal || !this.#rob) {
        this.#rob ??= () => undefined
        return queueMicrotask(grant)
      }
      this.#waiting.push(grant)
      signal?.addEventListener('abort', () => {
        this.#waiting = this.#waiting.filter((each) => each !== grant)
        reject(new DOMException('given up', 'AbortError'))
      })
    })
  }
}

let stores = 0
const harness = (locks: unknown) => () => {
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { locks } })
  const store = `store ${++stores}`
  const opened: BrowserTabs[] = []
  return Promise.resolve({
    open: () =>
      opened[opened.push(new BrowserTabs(store, { clock: new SystemClock(), random: new SystemRandom() })) - 1]!,
    close: () => {
      for (const tabs of opened) tabs.close()
      return Promise.resolve()
    },
  })
}

describe('BrowserTabs over a BroadcastChannel and a lock', () => {
  const original = Object.getOwnPropertyDescriptor(globalThis, 'navigator') ?? { value: undefined }
  afterAll(() => Object.defineProperty(globalThis, 'navigator', original))
  tabsContract(() => harness(new OneLock())())
})

describe('[NC19] BrowserTabs that agree over a BroadcastChannel', () => {
  tabsContract(harness(undefined))
})
