import type { AwsWriter } from './aws-writer.js'
import type { Apps } from './apps.js'
import type { Edits } from './edits.js'
import type { People, User } from './people.js'
import type { SimDevice, SimTab } from './sim-device.js'
import type { Stage } from './stage.js'

const DAY_MS = 86_400_000

/** What happens to people, their devices and the server. */
export class Disasters {
  private allSleep = false
  /**
   * Devices whose storage was evicted under open tabs. Until those are closed no other tab opens: it would begin a store of
   * its own beside the one that they have in memory, and one of the two would not be found again.
   */
  private readonly evicted = new Set<SimDevice>()

  constructor(
    private readonly stage: Stage,
    private readonly people: People,
    private readonly apps: Apps,
    private readonly edits: Edits,
  ) {}

  /** One of them, to somebody. */
  async strike(): Promise<void> {
    const { draw, server, network, time, swarm, findings } = this.stage
    const user = draw.oneOf(this.people.users)
    const device = draw.oneOf(user.devices)
    const what = draw.weighted([
      [4, 'crash'],
      [3, 'openTab'],
      [2, 'closeTab'],
      [3, 'freeze'],
      [2, 'partition'],
      [3, 'serverDown'],
      [1, 'backup'],
      [1, 'restore'],
      [0.5, 'evict'],
      [1, 'full'],
      [1, 'clockJump'],
      [1.5, 'deleteDataset'],
      [0.4, 'absence'],
      [1, 'collect'],
    ])
    findings.trace(`disaster: ${what} at ${device.name}`)
    switch (what) {
      case 'crash':
        if (draw.hit(0.5)) await this.upTo(3_000, () => device.isWriting(device.liveTabs) || device.flightsOut > 0)
        this.crash(device, device.liveTabs)
        return this.openSoon(user, device)
      case 'openTab':
        if (device.liveTabs.length < swarm.tabsMax && !this.evicted.has(device)) this.people.openTab(user, device)
        return
      case 'closeTab':
        return this.closeSomeTab(user, device)
      case 'freeze':
        return this.freeze(device)
      case 'partition':
        network.cutOff(device.name)
        time.after(draw.next() * 120_000, () => network.partitioned.delete(device.name))
        return
      case 'serverDown':
        if (draw.hit(0.5)) await this.upTo(3_000, () => server.isCommitting)
        this.serverDown()
        time.after(draw.next() * 30_000, () => this.startServer())
        return
      case 'backup':
        server.takeBackup()
        return
      case 'restore':
        this.serverDown()
        time.after(draw.next() * 10_000, () => {
          if (!this.allSleep) server.restoreBackup()
          this.startServer()
        })
        return
      case 'evict':
        this.evict(device)
        return this.openSoon(user, device)
      case 'full':
        device.faults.full = true
        time.after(draw.next() * 30_000, () => (device.faults.full = false))
        return
      case 'clockJump':
        device.skewMs = draw.oneOf([0, 3_600_000, -3_600_000, 3_650 * DAY_MS, -3_650 * DAY_MS])
        return
      case 'deleteDataset':
        if (user.writers[0] !== undefined) this.deleteDataset(user.writers[0])
        return
      case 'collect':
        await server.collectTombstones(draw.oneOf([0, 60_000]))
        return
      case 'absence':
        return this.longAbsence(device)
    }
  }

  /** Lets time pass until a moment at which a fault does most harm. */
  private upTo(ms: number, isSo: () => boolean): Promise<void> {
    return this.stage.time.runTo(this.stage.time.now + ms, isSo)
  }

  private crash(device: SimDevice, tabs: readonly SimTab[]): void {
    if (tabs.length === 0) return
    const { situations } = this.stage
    if (device.isWriting(tabs)) situations.count('crash with a group under way')
    if (device.flightsOut > 0) {
      const whole = tabs.length === device.liveTabs.length
      if (whole) situations.count('crash with a flight out')
      else if (tabs.some((tab) => device.leads(tab))) situations.count('leader died with a flight out')
    }
    device.kill(tabs)
  }

  private async closeSomeTab(user: User, device: SimDevice): Promise<void> {
    const { draw } = this.stage
    if (draw.hit(0.5)) await this.upTo(3_000, () => device.flightsOut > 0)
    const tab = device.liveTabs.find((one) => device.leads(one)) ?? device.liveTabs[0]
    if (tab === undefined) return
    if (draw.hit(0.5) || tab.client === null) this.crash(device, [tab])
    else await this.closeTab(device, tab)
    this.openSoon(user, device)
  }

  private async closeTab(device: SimDevice, tab: SimTab): Promise<void> {
    const { time } = this.stage
    let done = false
    const closing = tab.client!.close().then(
      () => (done = true),
      () => (done = true),
    )
    tab.client = null
    const end = time.now + 60_000
    while (!done && time.now < end && !tab.life.isOver && !tab.life.isFrozen) await time.runTo(time.now + 100)
    void closing
    if (!tab.life.isOver) device.kill([tab])
  }

  private freeze(device: SimDevice): void {
    const { draw, time, situations } = this.stage
    const tab = device.liveTabs[0]
    if (tab === undefined) return
    tab.life.freeze()
    const leads = device.leads(tab)
    time.after(draw.next() * draw.oneOf([1_000, 60_000, 3_600_000]), () => {
      if (leads && tab.life.isFrozen) situations.count('leader froze and woke')
      tab.life.wake()
    })
  }

  private openSoon(user: User, device: SimDevice): void {
    const { draw, time } = this.stage
    time.after(draw.next() * 20_000, () => this.openTabUnlessOpen(user, device))
  }

  private openTabUnlessOpen(user: User, device: SimDevice): void {
    if (this.allSleep) return
    if (device.liveTabs.length > 0) return
    this.evicted.delete(device)
    this.people.openTab(user, device)
  }

  private startServer(): void {
    if (!this.allSleep) this.stage.server.start()
  }

  private serverDown(): void {
    this.stage.server.kill()
    this.stage.network.serverWentDown()
  }

  private evict(device: SimDevice): void {
    const { draw, situations } = this.stage
    situations.count('eviction')
    device.evict()
    this.edits.storageLost(device)
    if (draw.hit(0.5)) this.crash(device, device.liveTabs)
    else this.evicted.add(device)
  }

  private deleteDataset(writer: AwsWriter): void {
    const { draw, swarm, findings, situations } = this.stage
    const dataset = draw.oneOf(swarm.datasets)
    findings.background(
      writer.deleteDataset(dataset).then((deleted) => {
        if (deleted) situations.count('dataset deleted under a device')
      }),
    )
  }

  /** Everybody sleeps for a long time; the others come back first, and old tombstones go. */
  private async longAbsence(absent: SimDevice): Promise<void> {
    const { time, server, situations } = this.stage
    const { devices } = this.people
    for (const { device } of devices) this.crash(device, device.liveTabs)
    this.serverDown()
    this.allSleep = true
    await time.runTo(time.now + 200 * DAY_MS)
    this.allSleep = false
    this.startServer()
    for (const { user, device } of devices) if (device !== absent) this.openTabUnlessOpen(user, device)
    for (let count = 0; count < 5; count++) {
      await time.runTo(time.now + 500)
      this.apps.operate()
    }
    if ((await server.collectTombstones(180 * DAY_MS)) > 0) {
      situations.count('tombstones collected under an absent device')
    }
    for (const { user, device } of devices) this.openTabUnlessOpen(user, device)
  }
}
