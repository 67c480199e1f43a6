import type { Page } from 'playwright-core'
import { withCredentials } from '../support/a-pool.js'
import { ChromiumProcess, describeInChromium } from '../support/chromium.js'
import { DEMO_POOL, openInPage, startClientPage } from '../support/client-page.js'
import { eventually } from '../support/eventually.js'
import type { PageServer } from '../support/page-server.js'
import { Seeded } from '../support/seeded.js'
import { startServer, type RunningServer } from '../support/start-server.js'

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const KILLS = 4
const PAUSE_MS_MAX = 400
const WAIT_MS_MAX = 30_000

describeInChromium('a page killed while it writes', () => {
  let server: RunningServer
  let pages: PageServer
  let pool: string
  let chromium: ChromiumProcess

  beforeAll(async () => {
    server = await startServer({ settings: { SATCHEL_DEMO: 'on' } })
    pool = (await server.process.line(DEMO_POOL))[1]!
    pages = await startClientPage(server.url)
    chromium = await ChromiumProcess.start()
  })
  afterAll(async () => {
    await chromium.end()
    await pages.close()
    await server.stop()
  })

  /** Writes in a row until the page dies, each key once; tells the keys whose writes were `saved`. */
  async function writing(page: Page, round: number): Promise<Set<string>> {
    const saved = new Set<string>()
    await page.exposeFunction('told', (key: string) => void saved.add(key))
    await page.evaluate((round) => {
      const told = (globalThis as unknown as { told(key: string): void }).told
      const write = (n: number): void => {
        const key = `${round}.${n}`
        void dataset.put(key, `value of ${key}`).saved.then(() => {
          told(key)
          if (n < 900) write(n + 1)
        })
      }
      write(0)
    }, round)
    await eventually(() => {
      expect(saved.size).toBeGreaterThan(2)
      return Promise.resolve()
    }, WAIT_MS_MAX)
    return saved
  }

  test(`[NF10] every edit that was saved is there after SIGKILL of the browser and after a crash of the page, seed ${SEED}`, async () => {
    const random = new Seeded(SEED)
    const all = new Set<string>()
    for (let round = 0; round < KILLS; round++) {
      const page = await chromium.context.newPage()
      // Offline now and then: what is lost by a client must not be made good by the server.
      await openInPage(page, pages.url, { endpoint: server.url, pool, paused: round % 3 === 0 })
      const saved = await writing(page, round)
      await new Promise((resolve) => setTimeout(resolve, random.from(0, PAUSE_MS_MAX)))
      if (round % 2 === 0) {
        await chromium.kill()
        chromium = await ChromiumProcess.start(chromium.profile)
      } else {
        const session = await chromium.context.newCDPSession(page)
        const crashed = page.waitForEvent('crash')
        session.send('Page.crash').catch(() => undefined)
        await crashed
        await page.close()
      }
      for (const key of saved) all.add(key)

      const after = await chromium.context.newPage()
      await openInPage(after, pages.url, { endpoint: server.url, pool, paused: true })
      const held = new Map(await after.evaluate(() => dataset.entries()))
      for (const key of all) expect([key, held.get(key)]).toEqual([key, `value of ${key}`])
      // Room for the next round's keys.
      await after.evaluate(() => dataset.edit(dataset.entries().map(([key]) => [key, null] as const)).saved)
      await after.evaluate(() => client.close())
      await after.close()
      all.clear()
    }
    const last = await chromium.context.newPage()
    await openInPage(last, pages.url, { endpoint: server.url, pool })
    await last.evaluate(() => dataset.put('last', 'word').saved)
    await last.evaluate(() => client.synchronize())
    const identity = await last.evaluate(() => client.identity!)
    const { device } = await withCredentials(server, { pool, identity })
    const there = (await device.list('notes')).Records.filter(({ Value }) => Value !== undefined && Value !== null)
    expect(there.map(({ Key, Value }) => [Key, Value])).toEqual([['last', 'word']])
    expect(await last.evaluate(() => dataset.conflicts().length + dataset.parked().length)).toBe(0)
  })
})
