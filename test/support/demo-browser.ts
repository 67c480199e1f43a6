import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchChromium } from './chromium.js'
import { startServer, type RunningServer } from './start-server.js'

/** A server with the demo, and a browser for its page; both end with the file's tests, and what was opened with each. */
export class DemoBrowser {
  server!: RunningServer
  private browser!: Browser
  private readonly contexts: BrowserContext[] = []

  constructor() {
    beforeAll(async () => {
      const server = startServer({ settings: { SATCHEL_DEMO: 'on' } })
      ;[this.server, this.browser] = await Promise.all([server, launchChromium()])
    })
    afterEach(async () => {
      await Promise.all(this.contexts.splice(0).map((context) => context.close()))
    })
    afterAll(async () => {
      await this.browser.close()
      await this.server.stop()
    })
  }

  /** A page of a browser that was never here; what it complains of is collected. */
  async aPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page & { complaints: string[] }> {
    const context = await this.browser.newContext(options)
    this.contexts.push(context)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', ({ message }) => complaints.push(message))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    return Object.assign(page, { complaints })
  }
}
