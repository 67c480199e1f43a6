import 'reflect-metadata'
import { memoryHarness } from '../../store/testing/memory-harness.js'
import { sqliteHarness } from '../../store/testing/sqlite-harness.js'
import type { StoreHarness } from '../../store/testing/store-harness.js'
import { exchangeWorld, type ExchangeWorld, type WorldOptions } from './exchange-world.js'

/** Runs tests of exchanges over every store; what `setUp` made for a test is closed after it. */
export function overEachStore(tests: (setUp: (options?: WorldOptions) => Promise<ExchangeWorld>) => void): void {
  describe.each([
    ['memory', () => Promise.resolve(memoryHarness())],
    ['SQLite', (): Promise<StoreHarness> => sqliteHarness()],
  ])('an exchange over %s', (_, open) => {
    const worlds: ExchangeWorld[] = []
    afterEach(async () => {
      for (const { harness } of worlds.splice(0)) await harness.close()
    })

    tests(async (options = {}) => {
      const world = await exchangeWorld(await open(), options)
      worlds.push(world)
      return world
    })
  })
}
