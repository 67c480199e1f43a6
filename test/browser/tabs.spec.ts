import type { Browser, BrowserContext, Page } from 'playwright-core'
import { describeInChromium, launchChromium } from '../support/chromium.js'
import { DEMO_POOL, openInPage, startClientPage } from '../support/client-page.js'
import { DemoScreen } from '../support/demo-screen.js'
import type { PageServer } from '../support/page-server.js'
import { startServer, type RunningServer } from '../support/start-server.js'

const TAKEN_OVER_MS_MAX = 45_000

describeInChromium('tabs of one device', () => {
  let server: RunningServer
  let pages: PageServer
  let pool: string
  let browser: Browser
  let context: BrowserContext

  beforeAll(async () => {
    ;[server, browser] = await Promise.all([startServer({ settings: { SATCHEL_DEMO: 'on' } }), launchChromium()])
    pool = (await server.process.line(DEMO_POOL))[1]!
    pages = await startClientPage(server.url)
  })
  beforeEach(async () => {
    context = await browser.newContext()
  })
  afterEach(() => context.close())
  afterAll(async () => {
    await browser.close()
    await pages.close()
    await server.stop()
  })

  const tab = async (name = 'default'): Promise<Page> => {
    const page = await context.newPage()
    await openInPage(page, pages.url, { endpoint: server.url, pool, name })
    return page
  }

  /** Puts, and waits for what becomes of it at the server. */
  const putThrough = (page: Page, key: string, value: string): Promise<string> =>
    page.evaluate(async ([key, value]) => (await dataset.put(key, value).outcome).kind, [key, value] as const)

  const shows = (page: Page, key: string, value: string): Promise<unknown> =>
    page.waitForFunction(([key, value]) => dataset.get(key) === value, [key, value] as const, {
      timeout: TAKEN_OVER_MS_MAX,
    })

  test('[NF11] what one tab writes the others show, and one connection serves them all', async () => {
    const sockets: string[] = []
    context.on('page', (page) => page.on('websocket', (socket) => sockets.push(socket.url())))
    const [first, second] = [await tab(), await tab()]
    expect(await putThrough(first, 'a', '1')).toBe('accepted')
    await shows(second, 'a', '1')
    expect(await putThrough(second, 'b', '2')).toBe('accepted')
    await shows(first, 'b', '2')
    await second.waitForFunction(() => client.status.kind === 'live')
    expect(sockets).toHaveLength(1)
  })

  test('[NF11] the next tab takes over from a leader that is closed', async () => {
    const [first, second] = [await tab(), await tab()]
    expect(await putThrough(first, 'a', '1')).toBe('accepted')
    await first.close()
    expect(await putThrough(second, 'b', '2')).toBe('accepted')
  })

  test('[NF11] the next tab takes over from a leader that is frozen, and the thawed one goes on as a follower', async () => {
    const [first, second] = [await tab(), await tab()]
    expect(await putThrough(first, 'a', '1')).toBe('accepted')
    await shows(second, 'a', '1')
    const session = await context.newCDPSession(first)
    await session.send('Page.setWebLifecycleState', { state: 'frozen' })
    expect(await putThrough(second, 'b', '2')).toBe('accepted')

    await session.send('Page.setWebLifecycleState', { state: 'active' })
    await shows(first, 'b', '2')
    expect(await putThrough(first, 'c', '3')).toBe('accepted')
    await shows(second, 'c', '3')
    expect(await second.evaluate(() => dataset.conflicts().length)).toBe(0)
  })

  test('[NF11] the demo page goes on in a second window when the first one is closed', async () => {
    const first = await DemoScreen.open(await context.newPage(), server.url)
    await first.phone.notes.fill('from the first')
    await first.phone.isInStep()
    const second = await DemoScreen.open(await context.newPage(), await first.address())
    expect((await second.phone.shows()).notes).toBe('from the first')
    await first.page.close()
    await second.phone.notes.fill('from the second')
    await second.laptop.until(
      async () => expect(await second.laptop.notes.inputValue()).toBe('from the second'),
      TAKEN_OVER_MS_MAX,
    )
    await second.phone.isInStep()
  })
})
