import { describeInChromium } from '../support/chromium.js'
import { DemoBrowser } from '../support/demo-browser.js'
import { DemoScreen, SCREEN_MS_MAX } from '../support/demo-screen.js'
import { eventually } from '../support/eventually.js'
import { startServer } from '../support/start-server.js'

describeInChromium('the demo page', () => {
  const demo = new DemoBrowser()

  test('[NF5] two devices in one window, and two more in another browser, are in step live', async () => {
    const here = await DemoScreen.open(await demo.aPage(), demo.server.url)
    const there = await DemoScreen.open(await demo.aPage(), await here.address())

    await here.phone.notes.fill('Milk, bread')
    await here.laptop.card.getByLabel('Dark').check()
    await there.phone.card.getByLabel('Language').selectOption('ar')
    await there.laptop.card.getByLabel('One more').click()
    await there.laptop.add('fontSize', '18')

    const devices = [here.phone, here.laptop, there.phone, there.laptop]
    for (const device of devices) {
      await device.until(async () =>
        expect(await device.shows()).toEqual({ theme: 'dark', language: 'ar', counter: '1', notes: 'Milk, bread' }),
      )
      await device.until(async () => expect(await device.valueOf('fontSize').inputValue()).toBe('18'))
      await device.isInStep()
    }
    const counts = await Promise.all(devices.map(({ card }) => card.locator('.count').textContent()))
    expect(new Set(counts).size).toBe(1)
  })

  test('[NF6] edits made offline wait, clash only where they differ, and are settled by hand', async () => {
    const { phone, laptop, page } = await DemoScreen.open(await demo.aPage(), demo.server.url)
    await phone.notes.fill('Milk')
    await laptop.until(async () => expect(await laptop.notes.inputValue()).toBe('Milk'))
    await Promise.all([phone.isInStep(), laptop.isInStep()])

    await phone.goOnline(false)
    await laptop.goOnline(false)
    await Promise.all([phone.standsAt('offline'), laptop.standsAt('offline')])
    await phone.notes.fill('Milk and honey')
    await phone.add('here', '1')
    await laptop.notes.fill('Milk and bread')
    await laptop.add('there', '2')
    await laptop.card.getByLabel('Dark').check()
    await phone.card.getByLabel('Dark').check()
    await phone.until(async () => expect(await phone.waiting()).toBe(3))

    await phone.goOnline(true)
    await phone.isInStep()
    await laptop.goOnline(true)
    await laptop.until(async () => expect(await laptop.conflicts.count()).toBe(1))
    const conflict = laptop.conflicts.first()
    expect(await conflict.textContent()).toMatch(/notes.*Milk and bread.*Milk and honey/s)
    // The conflict holds back only its own key.
    await laptop.until(async () => expect(await laptop.waiting()).toBe(1))
    await laptop.until(async () => expect(await laptop.reason()).toMatch(/^1 key waits for your decision;/))
    await phone.until(async () => expect(await phone.valueOf('there').inputValue()).toBe('2'))
    expect(await laptop.valueOf('here').inputValue()).toBe('1')

    await conflict.getByRole('button', { name: 'Keep notes as it is here' }).click()
    await phone.until(async () => expect(await phone.notes.inputValue()).toBe('Milk and bread'))
    await Promise.all([phone.isInStep(), laptop.isInStep()])
    expect(await laptop.conflicts.count()).toBe(0)
    expect(await phone.shows()).toEqual(await laptop.shows())
    expect(await page.locator('#problem').isVisible()).toBe(false)
  })

  test('[NF6] the value from elsewhere can be taken instead', async () => {
    const { phone, laptop } = await DemoScreen.open(await demo.aPage(), demo.server.url)
    await laptop.goOnline(false)
    await phone.card.getByLabel('One more').click()
    await laptop.card.getByLabel('One less').click()
    await phone.isInStep()
    await laptop.goOnline(true)
    await laptop.conflicts.getByRole('button', { name: 'Take counter from elsewhere' }).click()
    await laptop.isInStep()
    expect((await laptop.shows()).counter).toBe('1')
    expect((await phone.shows()).counter).toBe('1')
  })

  test('[NF7] a killed server is missed aloud, edits wait, and all is in step when it is back', async () => {
    const own = await startServer({ settings: { SATCHEL_DEMO: 'on' } })
    const { phone, laptop } = await DemoScreen.open(await demo.aPage(), own.url)
    await phone.notes.fill('before')
    await phone.isInStep()
    await own.kill()
    await phone.until(async () =>
      expect(['connecting', 'waiting']).toContain(await phone.card.locator('.status').getAttribute('data-kind')),
    )
    await phone.notes.fill('meanwhile')
    await phone.until(async () => expect(await phone.waiting()).toBe(1))
    // Between two attempts, since one that is under way has no reason yet.
    await phone.until(async () =>
      expect(await phone.card.locator('.reason').textContent()).toMatch(
        /(nobody answers|connection ended).*, for \d+ s/,
      ),
    )

    const again = await own.restart({ SATCHEL_PORT: new URL(own.url).port })
    await laptop.until(async () => expect(await laptop.notes.inputValue()).toBe('meanwhile'), 60_000)
    await phone.isInStep()
    await again.stop()
  })

  test('[NF8] everything works by keyboard alone, and where the focus is can be seen', async () => {
    const page = await demo.aPage()
    const { phone, laptop } = await DemoScreen.open(page, demo.server.url)
    /** Tabs on until the focused element is named so. */
    const tabTo = async (name: RegExp): Promise<void> => {
      for (let steps = 0; steps < 60; steps++) {
        await page.keyboard.press('Tab')
        const focused = await page.evaluate(() => {
          const at = document.activeElement as HTMLElement & { labels?: NodeListOf<HTMLLabelElement> }
          const shown = at.matches('.switch input')
            ? at.nextElementSibling!
            : at.matches('.segments input')
              ? at.nextElementSibling!
              : at
          const { outlineStyle, outlineWidth } = getComputedStyle(shown)
          const name = at.getAttribute('aria-label') ?? at.labels?.[0]?.textContent ?? at.textContent ?? ''
          return { name: name.trim(), outlined: outlineStyle !== 'none' && outlineWidth !== '0px' }
        })
        if (focused.name !== '') expect(focused).toMatchObject({ outlined: true })
        if (name.test(focused.name)) return
      }
      throw new Error(`the Tab key never came to ${name}`)
    }

    await tabTo(/^Online$/)
    await page.keyboard.press('Space')
    await phone.standsAt('offline')
    await tabTo(/^System$/)
    await page.keyboard.press('ArrowRight')
    await tabTo(/^One more$/)
    await page.keyboard.press('Enter')
    await tabTo(/^Notes$/)
    await page.keyboard.type('typed')
    await tabTo(/^Key$/)
    await page.keyboard.type('size')
    await tabTo(/^Value$/)
    await page.keyboard.type('18')
    await page.keyboard.press('Enter')
    await phone.until(async () => expect(await phone.waiting()).toBe(4))

    // The other device clashes over the counter; that is settled by keyboard too.
    await laptop.card.getByLabel('One less').focus()
    await page.keyboard.press('Enter')
    await laptop.isInStep()
    await phone.online.focus()
    await page.keyboard.press('Space')
    await phone.until(async () => expect(await phone.conflicts.count()).toBe(1))
    await tabTo(/^Keep counter/)
    await page.keyboard.press('Enter')
    await laptop.until(async () =>
      expect(await laptop.shows()).toEqual({ theme: 'light', language: 'en', counter: '1', notes: 'typed' }),
    )
    await phone.isInStep()
  })

  test('[NF8] a telephone 360 points wide shows the page without scrolling sideways, however long the values', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await demo.aPage({ viewport: { width: 360, height: 740 }, colorScheme })
      const { phone, laptop } = await DemoScreen.open(page, demo.server.url)
      await laptop.goOnline(false)
      await phone.add('a.key.that.is.as.long.as.keys.with.dots.in.them.often.are', 'x'.repeat(300))
      await phone.notes.fill('y'.repeat(200))
      await laptop.notes.fill('z'.repeat(200))
      await phone.isInStep()
      await laptop.goOnline(true)
      await laptop.conflicts.first().waitFor()
      await page.locator('.message summary').first().click()
      const { wide, window } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth,
        window: innerWidth,
      }))
      expect(wide).toBeLessThanOrEqual(window)
    }
  })

  test('[NF4] the wire log tells what went out and came in, and no token', async () => {
    const { phone, page } = await DemoScreen.open(await demo.aPage(), demo.server.url)
    await phone.add('wired', 'through')
    await phone.isInStep()
    for (const direction of ['sent', 'received']) {
      const line = page.locator(`#messages li[data-message=sync][data-direction=${direction}]`)
      await line.first().waitFor()
    }
    await eventually(
      async () => expect(await page.locator('#messages').textContent()).toContain('accepted'),
      SCREEN_MS_MAX,
    )
    await page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)))
    await eventually(
      async () => expect(await page.locator('#messages').textContent()).toContain('wired'),
      SCREEN_MS_MAX,
    )
    // Every token of this server's is a JSON Web Token.
    expect(await page.locator('#messages').textContent()).not.toMatch(/eyJ[\w-]{20,}/)
    expect(await page.locator('#messages li').count()).toBeLessThanOrEqual(80)
  })

  test('[O25] the page runs under its policy, talks to its own server alone, and complains of nothing', async () => {
    const page = await demo.aPage()
    const origins = new Set<string>()
    page.on('request', (request) => origins.add(new URL(request.url()).host))
    page.on('websocket', (socket) => origins.add(new URL(socket.url()).host))
    const { phone } = await DemoScreen.open(page, demo.server.url)
    await phone.notes.fill('x')
    await phone.isInStep()
    expect([...origins]).toEqual([new URL(demo.server.url).host])
    expect(page.complaints).toEqual([])
  })

  test('[NF9] a device that cannot load SQLite says so, instead of waiting for ever', async () => {
    const page = await demo.aPage()
    await page.route('**/*.wasm*', (route) => route.abort())
    await page.goto(demo.server.url)
    await page.locator('#problem').waitFor({ timeout: SCREEN_MS_MAX })
    expect(await page.locator('#problem').textContent()).toMatch(/sqlite|sql\.js|wasm|WebAssembly/i)
  })
})
