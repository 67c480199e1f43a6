import type { Page } from 'playwright-core'
import { ChromiumProcess, describeInChromium } from '../support/chromium.js'
import { DEMO_POOL, openInPage, startClientPage } from '../support/client-page.js'
import { startServer } from '../support/start-server.js'

const KEYS = 1_000

describeInChromium('a device without a network', () => {
  test('[NF12] a reloaded page reads a thousand cached keys, and keeps what is written then', async () => {
    const server = await startServer({ settings: { SATCHEL_DEMO: 'on' } })
    const [, pool] = await server.process.line(DEMO_POOL)
    const pages = await startClientPage(server.url)
    const chromium = await ChromiumProcess.start()
    const facts = { endpoint: server.url, pool: pool! }
    try {
      const first = await chromium.context.newPage()
      await openInPage(first, pages.url, facts)
      await first.evaluate(async (keys) => {
        const edits = Array.from({ length: keys }, (_, n) => [`key ${n}`, `value of ${n} `.repeat(8)] as const)
        await dataset.edit(edits)
        await client.synchronize()
      }, KEYS)
      await first.close()

      // Neither server is there any more: page, script and WebAssembly come out of the browser's cache.
      await pages.close()
      await server.kill()
      const page = await chromium.context.newPage()
      await openInPage(page, pages.url, facts)
      expect(await held(page)).toEqual([KEYS, 'value of 999 '.repeat(8)])
      expect(await page.evaluate(() => client.status.kind)).not.toBe('live')
      await page.evaluate(() => dataset.put('offline', 'yes').saved)
      await page.close()

      const again = await chromium.context.newPage()
      await openInPage(again, pages.url, facts)
      expect(await held(again)).toEqual([KEYS + 1, 'value of 999 '.repeat(8)])
      const back = await server.restart({ SATCHEL_PORT: new URL(server.url).port })
      await again.evaluate(() => dataset.put('offline', 'no more').outcome)
      await back.stop()
    } finally {
      await chromium.end()
    }
  })
})

const held = (page: Page): Promise<unknown> => page.evaluate(() => [dataset.size, dataset.get('key 999')])
