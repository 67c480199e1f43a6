import type { Page } from 'playwright-core'
import { aGuest } from '../support/a-pool.js'
import { describeInChromium } from '../support/chromium.js'
import { DemoBrowser } from '../support/demo-browser.js'
import { DemoScreen, SCREEN_MS_MAX } from '../support/demo-screen.js'
import { eventually } from '../support/eventually.js'

describeInChromium('who one is on the demo page', () => {
  const demo = new DemoBrowser()

  test('[NF3] a guest that the address names is kept apart from the browser’s own', async () => {
    const mine = await DemoScreen.open(await demo.aPage(), demo.server.url)
    await mine.phone.notes.fill('mine')
    await mine.phone.isInStep()
    const [, pool] = await demo.server.process.line(/identity pool "demo": (\S+)/)
    const { identity } = await aGuest(demo.server, pool!)
    const second = await mine.page.context().newPage()
    const theirs = await DemoScreen.open(second, `${demo.server.url}/#guest=${encodeURIComponent(identity)}`)
    expect((await theirs.phone.shows()).notes).toBe('')
    await theirs.phone.notes.fill('theirs')
    await theirs.phone.isInStep()
    expect((await mine.phone.shows()).notes).toBe('mine')
    await second.goto('about:blank')
    const again = await DemoScreen.open(second, demo.server.url)
    expect((await again.phone.shows()).notes).toBe('mine')
  })

  test('[NF3] one may start as somebody new, and nothing of the guest before is there', async () => {
    const screen = await DemoScreen.open(await demo.aPage(), demo.server.url)
    const before = await screen.address()
    await screen.phone.notes.fill('mine')
    await screen.laptop.until(async () => expect(await screen.laptop.notes.inputValue()).toBe('mine'))
    await screen.page.getByRole('button', { name: 'Start as somebody new' }).click()
    await eventually(async () => expect(await screen.address()).not.toBe(before), SCREEN_MS_MAX)
    await Promise.all([screen.phone.isInStep(), screen.laptop.isInStep()])
    expect([await screen.phone.notes.inputValue(), await screen.laptop.notes.inputValue()]).toEqual(['', ''])
    await screen.phone.notes.fill('somebody else’s')
    await screen.laptop.until(async () => expect(await screen.laptop.notes.inputValue()).toBe('somebody else’s'))
  })

  test('[NF13] a guest signs in on the page, is still signed in when it is opened again, and goes on in another browser', async () => {
    const user = `ada ${Date.now()}`
    const signIn = async (page: Page): Promise<void> => {
      await page.getByLabel(/Sign in by any name/).fill(user)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByText(`Signed in as ${user}`).waitFor({ timeout: SCREEN_MS_MAX })
    }
    const here = await DemoScreen.open(await demo.aPage(), demo.server.url)
    await here.phone.notes.fill('written as a guest')
    await here.laptop.until(async () => expect(await here.laptop.notes.inputValue()).toBe('written as a guest'))
    await signIn(here.page)
    expect([new URL(here.page.url()).hash, await here.page.locator('#address').isVisible()]).toEqual(['', false])
    await here.phone.add('after', 'signing in')
    await here.laptop.until(async () => expect(await here.laptop.valueOf('after').inputValue()).toBe('signing in'))
    await here.page.reload()
    await Promise.all([here.phone.isInStep(), here.laptop.isInStep()])
    await here.page.getByText(`Signed in as ${user}`).waitFor()

    const there = await DemoScreen.open(await demo.aPage(), demo.server.url)
    await there.phone.add('brought', 'along')
    await signIn(there.page)
    for (const device of [here.phone, here.laptop, there.phone, there.laptop]) {
      await device.until(async () => expect(await device.notes.inputValue()).toBe('written as a guest'))
      await device.until(async () => expect(await device.valueOf('brought').inputValue()).toBe('along'))
      await device.isInStep()
    }
  })
})
