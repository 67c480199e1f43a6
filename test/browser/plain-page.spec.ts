import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { describeInChromium, launchChromium } from '../support/chromium.js'
import { SCREEN_MS_MAX } from '../support/demo-screen.js'
import { eventually } from '../support/eventually.js'
import { PageServer } from '../support/page-server.js'
import { startServer, type RunningServer } from '../support/start-server.js'

const EXAMPLE = new URL('../../examples/plain-page/index.html', import.meta.url)

describeInChromium('pages without a bundler', () => {
  let server: RunningServer
  let browser: Browser

  beforeAll(async () => {
    ;[server, browser] = await Promise.all([startServer({ settings: { SATCHEL_DEMO: 'on' } }), launchChromium()])
  })
  afterAll(async () => {
    await browser.close()
    await server.stop()
  })

  test('[NF2] the example page keeps notes in step with another browser', async () => {
    const pages = await PageServer.start(new Map([['/index.html', readFileSync(EXAMPLE)]]))
    const [first, second] = await Promise.all([browser.newContext(), browser.newContext()])
    const here = await first.newPage()
    await here.goto(`${pages.url}/?endpoint=${encodeURIComponent(server.url)}`)
    await here.waitForFunction(() => document.querySelector('#status')?.textContent === 'live')
    await here.getByLabel('Kept on this device').fill('Milk')
    const there = await second.newPage()
    await there.goto(here.url())
    await eventually(async () => expect(await there.locator('#notes').inputValue()).toBe('Milk'), SCREEN_MS_MAX)
    await there.locator('#notes').fill('Milk and honey')
    await eventually(
      async () => expect(await here.locator('#notes').inputValue()).toBe('Milk and honey'),
      SCREEN_MS_MAX,
    )
    await Promise.all([first.close(), second.close()])
    await pages.close()
  })

  test('[O26] the snippet for a page syncs a first record as it is printed', async () => {
    const settings = (await (await fetch(`${server.url}/demo/settings.json`)).json()) as {
      snippets: { id: string; code: string }[]
    }
    const { code } = settings.snippets.find(({ id }) => id === 'satchel')!
    for (const line of code.trimEnd().split('\n')) expect(server.process.output).toContain(line)
    const page = `<!doctype html><title>An app</title><script type="module">${code}\nglobalThis.done = settings.pending().length\n</script>`
    const pages = await PageServer.start(
      new Map([
        ['/index.html', page],
        ['/favicon.ico', ''],
      ]),
    )
    const context = await browser.newContext()
    const app = await context.newPage()
    const said: string[] = []
    app.on('console', (message) => said.push(message.text()))
    await app.goto(pages.url)
    await app.waitForFunction(() => (globalThis as { done?: number }).done === 0)
    expect(said).toEqual(['theme is dark'])
    await context.close()
    await pages.close()
  })
})
