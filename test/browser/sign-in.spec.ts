import type { Browser, Page } from 'playwright-core'
import { adminOf, aPool, DEVELOPER_PROVIDER } from '../support/a-pool.js'
import { describeInChromium, launchChromium } from '../support/chromium.js'
import { openInPage, startClientPage } from '../support/client-page.js'
import type { PageServer } from '../support/page-server.js'
import { startServer, type RunningServer } from '../support/start-server.js'

describeInChromium('a guest who signs in', () => {
  let server: RunningServer
  let pages: PageServer
  let browser: Browser
  let pool: string

  beforeAll(async () => {
    ;[server, browser] = await Promise.all([startServer({ settings: { SATCHEL_DEMO: 'on' } }), launchChromium()])
    pages = await startClientPage(server.url)
    pool = await aPool(server)
  })
  afterAll(async () => {
    await browser.close()
    await pages.close()
    await server.stop()
  })

  /** A page of a browser of its own, whose app can ask its backend for tokens. */
  async function aPage(): Promise<Page> {
    const page = await (await browser.newContext()).newPage()
    // The app's backend: it has the account's credentials, and links the guest to a user who is nobody yet.
    await page.exposeFunction('backend', async (user: string, guest: string | null) => {
      const { identity } = adminOf(server)
      const asked = { IdentityPoolId: pool, Logins: { [DEVELOPER_PROVIDER]: user } }
      const linked = guest === null ? {} : { IdentityId: guest }
      const { IdentityId, Token } = await identity
        .getOpenIdTokenForDeveloperIdentity({ ...asked, ...linked })
        .catch((fault: Error) => {
          if (fault.name !== 'DeveloperUserAlreadyRegisteredException') throw fault
          return identity.getOpenIdTokenForDeveloperIdentity(asked)
        })
      return { identityId: IdentityId, token: Token }
    })
    await openInPage(page, pages.url, { endpoint: server.url, pool })
    return page
  }

  const signIn = (page: Page, user: string): Promise<string | null> =>
    page.evaluate(async (user) => {
      type Backend = (user: string, guest: string | null) => Promise<{ identityId: string; token: string }>
      const { backend } = globalThis as unknown as { backend: Backend }
      await client.signIn(({ guest }) => backend(user, guest))
      await client.synchronize()
      return client.identity
    }, user)

  test('[NF13] keeps everything, sent or not, and another device of the user gets it', async () => {
    const page = await aPage()
    await page.evaluate(async () => {
      await dataset.put('sent', 'as a guest').outcome
      client.pause()
      await dataset.put('saved', 'as a guest, offline')
      client.resume()
    })
    const identity = await signIn(page, 'alice')
    expect(await page.evaluate(() => dataset.entries())).toEqual([
      ['saved', 'as a guest, offline'],
      ['sent', 'as a guest'],
    ])
    const other = await aPage()
    expect(await signIn(other, 'alice')).toBe(identity)
    expect(await other.evaluate(() => dataset.entries())).toEqual(await page.evaluate(() => dataset.entries()))
  })

  test('[NF13] a user with data of their own gets what the guest had beside it', async () => {
    const desk = await aPage()
    await signIn(desk, 'bob')
    await desk.evaluate(() => dataset.put('desk', '1').outcome)
    const phone = await aPage()
    await phone.evaluate(() => dataset.put('phone', '2').outcome)
    await signIn(phone, 'bob')
    const both = [
      ['desk', '1'],
      ['phone', '2'],
    ]
    await phone.waitForFunction(() => dataset.size === 2)
    expect(await phone.evaluate(() => dataset.entries())).toEqual(both)
    await desk.waitForFunction(() => dataset.size === 2)
    expect(await desk.evaluate(() => dataset.entries())).toEqual(both)
  })
})
