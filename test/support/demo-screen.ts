import type { Locator, Page } from 'playwright-core'
import { eventually } from './eventually.js'

/** Generous: two cores may have to run browsers, servers and other tests at once. */
export const SCREEN_MS_MAX = 20_000

/** The demo page as somebody sees it. */
export class DemoScreen {
  readonly phone: DeviceScreen
  readonly laptop: DeviceScreen

  private constructor(readonly page: Page) {
    this.phone = new DeviceScreen(page.locator('[data-device=phone]'))
    this.laptop = new DeviceScreen(page.locator('[data-device=laptop]'))
  }

  /** Opens the page; resolves once both devices are live. */
  static async open(page: Page, url: string): Promise<DemoScreen> {
    const screen = await DemoScreen.show(page, url)
    await Promise.all([screen.phone.standsAt('live'), screen.laptop.standsAt('live')])
    return screen
  }

  /** Opens the page; resolves once it shows both devices, wherever they stand. */
  static async show(page: Page, url: string): Promise<DemoScreen> {
    await page.goto(url)
    const screen = new DemoScreen(page)
    await Promise.all([screen.phone.card, screen.laptop.card].map((card) => card.waitFor({ timeout: SCREEN_MS_MAX })))
    return screen
  }

  /** The address at which the same guest has devices elsewhere. */
  async address(): Promise<string> {
    return (await this.page.locator('#address').getAttribute('href'))!
  }
}

/** One of its devices. */
export class DeviceScreen {
  readonly notes: Locator
  readonly conflicts: Locator
  readonly online: Locator

  constructor(readonly card: Locator) {
    this.notes = card.getByLabel('Notes')
    this.conflicts = card.getByRole('list', { name: 'Conflicts' }).getByRole('listitem')
    this.online = card.getByRole('switch', { name: 'Online' })
  }

  /** What the page shows of the preferences. */
  async shows() {
    const { card } = this
    return {
      theme: await card.locator('.app').getAttribute('data-theme'),
      language: await card.getByLabel('Language').inputValue(),
      counter: await card.locator('output').textContent(),
      notes: await this.notes.inputValue(),
    }
  }

  async goOnline(on: boolean): Promise<void> {
    await this.online.setChecked(on, { force: true })
  }

  async add(key: string, value: string): Promise<void> {
    await this.card.getByLabel('Key', { exact: true }).fill(key)
    await this.card.getByLabel('Value', { exact: true }).fill(value)
    await this.card.getByRole('button', { name: 'Add' }).click()
  }

  valueOf = (key: string): Locator => this.card.getByLabel(`Value of ${key}`, { exact: true })

  async waiting(): Promise<number> {
    return Number(await this.card.locator('.pending').getAttribute('data-count'))
  }

  /** What is said beside the status. */
  reason = (): Promise<string | null> => this.card.locator('.reason').textContent()

  /** Waits until the status is of this kind. */
  standsAt(kind: string): Promise<void> {
    return this.until(async () => expect(await this.card.locator('.status').getAttribute('data-kind')).toBe(kind))
  }

  /** Waits until nothing of the device waits for the server. */
  async isInStep(): Promise<void> {
    await this.until(async () => expect(await this.waiting()).toBe(0))
    await this.standsAt('live')
  }

  until(ask: () => Promise<void>, withinMs = SCREEN_MS_MAX): Promise<void> {
    return eventually(ask, withinMs)
  }
}
