import type { DatasetName, IdentityId, SyncAnswer, SyncRequest } from '@satchel/protocol'
import {
  EditRefused,
  type Choice,
  type ConflictPolicy,
  type ConflictSides,
  type Dataset,
  type SyncClient,
} from '../../../libs/client/src/api.js'
import { SatchelClient } from '../../../libs/client/src/client/satchel-client.js'
import { ConnectionFault } from '../../../libs/client/src/transport/transport.js'
import { JournalFault } from '../../../libs/client/src/journal/journal.js'
import { AnswerCheck } from '../checkers/check-answer.js'
import { checkConvergence } from '../checkers/check-convergence.js'
import { checkOutcomes, checkSaved, writtenValues, type WrittenValues } from '../checkers/check-edits.js'
import { checkIntent } from '../checkers/check-intent.js'
import { checkLog } from '../checkers/replayed-log.js'
import type { AppEdit, DatasetViewed, DeviceView, ServerView, Violation } from '../history.js'
import type { PolicyKind, Swarm } from '../swarm.js'
import { AwsWriter } from './aws-writer.js'
import type { Chance } from './chance.js'
import { JournalWatch } from './journal-watch.js'
import type { Life } from './life.js'
import { loadSqlOnce, SimDevice, type PortWraps, type SimTab } from './sim-device.js'
import { NO_NETWORK_FAULTS } from './network-faults.js'
import { SimNetwork } from './sim-network.js'
import { SimServer } from './sim-server.js'
import { Situations } from './situations.js'
import { VirtualTime } from './virtual-time.js'

export type WorldParts = Readonly<{
  chance: Chance
  swarm: Swarm
  wraps: PortWraps
  trace: (text: string) => void
}>

/** A person with devices. */
type User = {
  readonly identity: IdentityId
  readonly canary: string
  readonly devices: SimDevice[]
  readonly writers: AwsWriter[]
}

/** Everything that was healed must have come to rest within this time. */
const HEALED_WITHIN_MS = 30 * 60_000
/** A storm ends early with so many edits: more of the same find nothing new. */
const OPERATIONS_MAX = 1_000
const LOOK_EVERY_MS = 20_000
const DAY_MS = 86_400_000

/** All of a run: one server, users with devices, and everything that happens to them. */
export class World {
  readonly time = new VirtualTime()
  readonly situations = new Situations()
  readonly violations: Violation[] = []
  operations = 0
  private readonly server: SimServer
  private readonly network: SimNetwork
  private readonly users: User[] = []
  private readonly edits: AppEdit[] = []
  private readonly identitiesOf = new Map<string, Set<string>>()
  private readonly signedIn = new Set<string>()
  private readonly sentBatches = new Map<string, number>()
  private readonly policyOf = new Map<string, PolicyKind>()
  private readonly answers = new AnswerCheck(() => this.server.log.entries)
  private readonly draw: Chance
  private allSleep = false
  private saves = 0
  /**
   * Devices whose storage was evicted under open tabs. Until those are closed no other tab opens: it would begin a store of
   * its own beside the one that they have in memory, and one of the two would not be found again.
   */
  private readonly evicted = new Set<SimDevice>()

  private constructor(private readonly parts: WorldParts) {
    const { chance, swarm } = parts
    this.draw = chance.stream('world')
    this.server = new SimServer(this.time, chance.stream('server'), this.situations, swarm.limits, swarm.tokenLifeMs)
    Object.assign(this.server.faults, swarm.storeFaults)
    this.network = new SimNetwork(this.time, chance.stream('network'), this.server, this.situations, {
      malformed: (message) => this.found('wire', message),
      delivered: (identity, text) => this.scan(identity, text),
      told: (message) => this.trace(message),
      impatient: (message) => this.found('retry-after', message),
      asked: (request) => this.countAsked(request),
      answered: (identity, request, answer) => this.answered(identity, request, answer),
    })
    this.network.faults = { ...swarm.network }
  }

  static async begin(parts: WorldParts): Promise<World> {
    await loadSqlOnce()
    const world = new World(parts)
    world.server.start()
    const { swarm } = parts
    for (let user = 0; user < swarm.identities; user++) world.addUser(user)
    return world
  }

  /** Edits and faults, until the storm is over. */
  async storm(): Promise<void> {
    const { swarm } = this.parts
    for (const user of this.users) for (const device of user.devices) this.openTab(user, device)
    while (this.time.now < swarm.stormMs && this.operations < OPERATIONS_MAX) {
      await this.time.runTo(this.time.now + this.draw.next() * swarm.gapMsMax)
      if (this.draw.hit(swarm.disasters)) await this.disaster()
      else this.operate()
    }
  }

  /** Ends every fault and waits until all has come to rest. */
  async heal(): Promise<void> {
    this.trace('healing')
    this.network.faults = { ...NO_NETWORK_FAULTS }
    this.network.partitioned.clear()
    Object.assign(this.server.faults, { failed: 0, unknown: 0 })
    this.server.skewMs = 0
    if (!this.server.isUp) this.server.start()
    for (const user of this.users) {
      for (const device of user.devices) {
        Object.assign(device.faults, { unavailable: 0, keptAndFailed: 0, full: false })
        for (const tab of device.tabs) tab.life.wake()
        if (device.liveTabs.length === 0) this.openTab(user, device)
      }
    }
    const end = this.time.now + HEALED_WITHIN_MS
    while (this.time.now < end) {
      await this.time.runTo(this.time.now + LOOK_EVERY_MS)
      for (const { tab, user, device } of this.openTabs()) {
        tab.client!.resume()
        if (!this.signedIn.has(device.name)) this.signIn(user, device, tab)
      }
      if (this.time.now + HEALED_WITHIN_MS - end > 60_000 && this.restFaults().length === 0) return
    }
  }

  /** Everything that can be proven of the run. */
  judge(): void {
    const { swarm } = this.parts
    const { log } = this.server
    const written = writtenValues([...log.entries, ...log.undone])
    const { violations, datasets } = checkLog(log.entries, swarm.limits, isTagged)
    this.violations.push(...violations, ...this.restFaults())
    this.violations.push(...checkSaved(this.edits, this.views(), written))
    this.violations.push(...checkOutcomes(this.edits, written))
    if (log.undone.length === 0) this.violations.push(...this.checkIntent())
    for (const path of this.server.paths()) {
      const replayed = datasets.get(`${path.identity}\n${path.dataset}`)
      const { dataset } = this.server.held(path)
      if (dataset?.syncCount !== (replayed?.count ?? 0)) {
        this.found('counts', `${path.dataset} is stored at ${dataset?.syncCount} and was led to ${replayed?.count}`)
      }
    }
  }

  // --- users, devices, tabs

  private addUser(index: number): void {
    const { chance, swarm, wraps } = this.parts
    const identity = this.server.addIdentity()
    const user: User = { identity, canary: `canary${index}-`, devices: [], writers: [] }
    this.users.push(user)
    for (let at = 0; at < swarm.devicesPerIdentity; at++) {
      const name = `u${index}d${at}`
      const watch = new JournalWatch(name, this.situations, (text) => this.trace(text))
      const device = new SimDevice(
        name,
        this.time,
        chance.stream(name),
        this.network,
        watch,
        (life, whose) => ({ authenticate: (known) => this.asGuest(life, whose, known) }),
        wraps,
      )
      Object.assign(device.faults, swarm.diskFaults)
      this.policyOf.set(name, device.chance.oneOf(swarm.policies))
      if (!swarm.guests || device.chance.hit(0.5)) this.signedIn.add(name)
      user.devices.push(device)
    }
    for (let at = 0; at < swarm.awsWriters; at++) {
      const name = `aws${index}-${at}`
      user.writers.push(new AwsWriter(name, this.server, identity, chance.stream(name), (text) => this.trace(text)))
    }
  }

  private openTab(user: User, device: SimDevice): void {
    const { tab, platform } = device.newTab()
    this.trace(`${device.name}.${tab.name} opens`)
    const policy = this.policyFor(device)
    const opening = SatchelClient.open(
      {
        endpoint: 'http://simulated.invalid',
        pool: 'simulated',
        conflicts: policy,
        onFault: () => {},
        ...(this.signedIn.has(device.name) ? { login: this.loginOf(user, device, tab.life) } : {}),
      },
      platform,
    )
    opening.then(
      (client) => this.opened(device, tab, client),
      (fault: unknown) => {
        this.trace(`${device.name}.${tab.name} could not open: ${String(fault)}`)
        if (!(fault instanceof JournalFault)) this.found('open', `${device.name} could not be opened: ${textOf(fault)}`)
        device.kill([tab])
      },
    )
  }

  private opened(device: SimDevice, tab: SimTab, client: SyncClient): void {
    tab.client = client
    // Another tab of the device has signed in, and its app's login ends with it: this one has to sign in too.
    const user = this.users.find(({ devices }) => devices.includes(device))!
    client.onStatus(({ kind }) => {
      if (kind !== 'needs-auth' || !this.signedIn.has(device.name)) return
      client.signIn(this.loginOf(user, device, tab.life)).catch((fault: unknown) => this.trace(String(fault)))
    })
    this.trace(`${device.name}.${tab.name} is open`)
    for (const dataset of this.parts.swarm.datasets) client.dataset(dataset)
    // What was saved before is here again, or has arrived (I2).
    const written = this.written()
    const ofDevice = this.edits.filter((edit) => edit.device === device.name)
    const found = checkSaved(ofDevice, [this.view(device, tab)], written)
    for (const { checker, message } of found) this.found(checker, `${message}, after a restart`)
  }

  private loginOf(user: User, device: SimDevice, life: Life) {
    return () => {
      this.identitiesFor(device.name).add(user.identity)
      return this.overNetwork(life, device.name, () => ({
        identityId: user.identity,
        token: this.server.tokenFor(user.identity),
      }))
    }
  }

  private asGuest(life: Life, device: string, known: string | null) {
    return this.overNetwork(life, device, () => {
      const identity = (known as IdentityId | null) ?? this.server.addIdentity()
      this.identitiesFor(device).add(identity)
      return { identity, token: this.server.tokenFor(identity), guest: true }
    })
  }

  private overNetwork<T>(life: Life, device: string, work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.time.after(this.network.delay(), () =>
        life.run(() => {
          const { faults, chance } = this.network
          if (this.network.reaches(device) && !chance.hit(faults.lose)) resolve(work())
          else reject(new ConnectionFault('unreachable', 'simulated: no way to the identity service'))
        }),
      )
    })
  }

  private signIn(user: User, device: SimDevice, tab: SimTab): void {
    if (tab.client === null || this.signedIn.has(device.name)) return
    this.trace(`${device.name}.${tab.name} signs in`)
    this.network.patience.excuse(tab.life)
    const done = tab.client.signIn(this.loginOf(user, device, tab.life))
    done.then(
      () => this.signedIn.add(device.name),
      (fault: unknown) => this.trace(`${device.name}.${tab.name} could not sign in: ${String(fault)}`),
    )
  }

  private policyFor(device: SimDevice): ConflictPolicy {
    const kind = this.policyOf.get(device.name)!
    switch (kind) {
      case 'remote':
      case 'local':
      case 'last-writer':
        return kind
      case 'quick':
        return (sides) => this.choiceFor(device, sides)
      case 'slow':
        return (sides) =>
          new Promise((resolve) => {
            this.time.after(device.chance.next() * 30_000, () => resolve(this.choiceFor(device, sides)))
          })
      case 'deferring':
        return (sides) => {
          if (device.chance.hit(0.3)) return this.choiceFor(device, sides)
          this.situations.count('resolver deferred')
          return 'defer'
        }
      case 'throwing':
        return () => {
          this.situations.count('resolver threw')
          throw new Error('simulated: the resolver failed')
        }
    }
  }

  private choiceFor(device: SimDevice, sides: ConflictSides): Choice {
    return device.chance.weighted<Choice>([
      [1, 'local'],
      [1, 'remote'],
      [1, { value: this.newValue(device.name, sides.key) }],
      [0.3, { value: null }],
    ])
  }

  // --- what apps do

  private operate(): void {
    const user = this.draw.oneOf(this.users)
    if (user.writers.length > 0 && this.draw.hit(0.25)) this.writeByAws(user)
    else {
      const open = this.openTabs().filter(({ tab, user: of }) => of === user && !tab.life.isFrozen)
      if (open.length > 0) this.useApp(this.draw.oneOf(open))
    }
  }

  private writeByAws(user: User): void {
    const { swarm } = this.parts
    const writer = this.draw.oneOf(user.writers)
    const dataset = this.draw.oneOf(swarm.datasets)
    const values = new Map<string, string | null>()
    for (let count = this.draw.from(1, 3); count > 0; count--) {
      const key = this.draw.oneOf(swarm.keys)
      values.set(key, this.draw.hit(0.2) ? null : user.canary + this.newValue(writer.name, key))
    }
    this.operations++
    this.background(writer.write(dataset, values))
  }

  private useApp({ user, device, tab }: Readonly<{ user: User; device: SimDevice; tab: SimTab }>): void {
    const { swarm } = this.parts
    const dataset = tab.client!.dataset(this.draw.oneOf(swarm.datasets))
    const what = this.draw.weighted([
      [10, 'edit'],
      [2, 'settle'],
      [1, 'parked'],
      [1, 'synchronize'],
      [0.3, 'pause'],
      [1, 'resume'],
      [0.5, 'signIn'],
    ])
    if (what !== 'edit') this.trace(`${device.name}.${tab.name} ${what}`)
    switch (what) {
      case 'edit':
        return this.edit(user, device, tab, dataset)
      case 'settle': {
        const conflict = dataset.conflicts()[0]
        if (conflict !== undefined) conflict.resolve(this.choiceFor(device, conflict))
        return
      }
      case 'parked': {
        const parked = dataset.parked()[0]
        if (parked !== undefined) void (this.draw.hit(0.5) ? parked.retry() : parked.discard())
        return
      }
      case 'synchronize':
        tab.client!.synchronize().catch((fault: unknown) => {
          if (!(fault instanceof ConnectionFault)) this.found('synchronize', textOf(fault))
        })
        return
      case 'pause':
        this.network.patience.excuse(tab.life)
        return tab.client!.pause()
      case 'resume':
        this.network.patience.excuse(tab.life)
        return tab.client!.resume()
      case 'signIn':
        return this.signIn(user, device, tab)
    }
  }

  private edit(user: User, device: SimDevice, tab: SimTab, dataset: Dataset): void {
    const { swarm } = this.parts
    const edits = new Map<string, string | null>()
    const count = this.draw.hit(0.2) ? this.draw.from(2, 5) : 1
    for (let at = 0; at < count; at++) {
      const key = this.draw.oneOf(swarm.keys)
      edits.set(key, this.draw.hit(0.2) ? null : user.canary + this.newValue(device.name, key))
    }
    const before = new Map([...edits.keys()].map((key) => [key, dataset.get(key)]))
    try {
      const write = dataset.edit(edits)
      const made = [...edits].map(([key, value]): AppEdit => {
        const wasNothing = before.get(key) === undefined || !this.isHeld(device, dataset.name, key)
        const edit: AppEdit = {
          id: this.edits.length,
          identities: () => [...this.identitiesFor(device.name)],
          device: device.name,
          tab: tab.name,
          dataset: dataset.name,
          key,
          value,
          atMs: this.time.now,
          isIdle: () => value === null && (wasNothing || device.watch.sawNothing(dataset.name, key)),
          saved: false,
          savedOrder: 0,
          failed: false,
          storageLost: false,
          overruled: () => device.watch.overruled.has(JSON.stringify([dataset.name, key, value])),
          outcome: null,
        }
        this.edits.push(edit)
        this.operations++
        if ((dataset.get(key) ?? null) !== value) this.found('own-write', `${device.name} does not see its own edit`)
        return edit
      })
      this.trace(
        `${device.name}.${tab.name} edits ${made.map(({ id }) => id).join()} ${dataset.name} ${JSON.stringify([...edits])}`,
      )
      write.saved.then(
        () => made.forEach((edit) => Object.assign(edit, { saved: true, savedOrder: ++this.saves })),
        () => made.forEach((edit) => (edit.failed = true)),
      )
      void write.outcome.then((outcome) => made.forEach((edit) => (edit.outcome = outcome)))
    } catch (fault) {
      if (!(fault instanceof EditRefused)) throw fault
    }
  }

  /** Whether the server has a value for the key, for anybody that the device acted for. */
  private isHeld(device: SimDevice, dataset: string, key: string): boolean {
    return [...this.identitiesFor(device.name)].some((identity) =>
      this.server
        .held({ identity: identity as IdentityId, dataset: dataset as DatasetName })
        .records.some((record) => record.key === key && record.value !== null),
    )
  }

  private newValue(who: string, key: string): string {
    const { swarm } = this.parts
    if (this.draw.hit(swarm.equalValues)) return `same ${key.length % 2}`
    if (this.draw.hit(swarm.edgeValues)) return this.draw.oneOf(['', ' ', '\u{1F600}', 'é', 'x'.repeat(300)])
    return `#${who}-${this.operations}-${this.draw.from(0, 999_999)}#`
  }

  // --- what happens to them

  private async disaster(): Promise<void> {
    const { draw, server, network, time } = this
    const user = draw.oneOf(this.users)
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
    this.trace(`disaster: ${what} at ${device.name}`)
    switch (what) {
      case 'crash':
        if (draw.hit(0.5)) await this.upTo(3_000, () => device.isWriting(device.liveTabs) || device.flightsOut > 0)
        this.crash(device, device.liveTabs)
        time.after(draw.next() * 20_000, () => this.openTabUnlessOpen(user, device))
        return
      case 'openTab':
        if (device.liveTabs.length < this.parts.swarm.tabsMax && !this.evicted.has(device)) this.openTab(user, device)
        return
      case 'closeTab': {
        if (draw.hit(0.5)) await this.upTo(3_000, () => device.flightsOut > 0)
        const tab = device.liveTabs.find((one) => device.leads(one)) ?? device.liveTabs[0]
        if (tab === undefined) return
        if (draw.hit(0.5) || tab.client === null) this.crash(device, [tab])
        else await this.closeTab(device, tab)
        time.after(draw.next() * 20_000, () => this.openTabUnlessOpen(user, device))
        return
      }
      case 'freeze': {
        const tab = device.liveTabs[0]
        if (tab === undefined) return
        tab.life.freeze()
        const leads = device.leads(tab)
        time.after(draw.next() * draw.oneOf([1_000, 60_000, 3_600_000]), () => {
          if (leads && tab.life.isFrozen) this.situations.count('leader froze and woke')
          tab.life.wake()
        })
        return
      }
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
        time.after(draw.next() * 20_000, () => this.openTabUnlessOpen(user, device))
        return
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
    return this.time.runTo(this.time.now + ms, isSo)
  }

  private crash(device: SimDevice, tabs: readonly SimTab[]): void {
    if (tabs.length === 0) return
    if (device.isWriting(tabs)) this.situations.count('crash with a group under way')
    if (device.flightsOut > 0) {
      const whole = tabs.length === device.liveTabs.length
      if (whole) this.situations.count('crash with a flight out')
      else if (tabs.some((tab) => device.leads(tab))) this.situations.count('leader died with a flight out')
    }
    device.kill(tabs)
  }

  private async closeTab(device: SimDevice, tab: SimTab): Promise<void> {
    let done = false
    const closing = tab.client!.close().then(
      () => (done = true),
      () => (done = true),
    )
    tab.client = null
    const end = this.time.now + 60_000
    while (!done && this.time.now < end && !tab.life.isOver && !tab.life.isFrozen)
      await this.time.runTo(this.time.now + 100)
    void closing
    if (!tab.life.isOver) device.kill([tab])
  }

  private openTabUnlessOpen(user: User, device: SimDevice): void {
    if (this.allSleep) return
    if (device.liveTabs.length > 0) return
    this.evicted.delete(device)
    this.openTab(user, device)
  }

  private startServer(): void {
    if (!this.allSleep) this.server.start()
  }

  private serverDown(): void {
    this.server.kill()
    this.network.serverWentDown()
  }

  private evict(device: SimDevice): void {
    this.situations.count('eviction')
    device.evict()
    for (const edit of this.edits) if (edit.device === device.name) edit.storageLost = true
    if (this.draw.hit(0.5)) this.crash(device, device.liveTabs)
    else this.evicted.add(device)
  }

  private deleteDataset(writer: AwsWriter): void {
    const dataset = this.draw.oneOf(this.parts.swarm.datasets)
    this.background(
      writer.deleteDataset(dataset).then((deleted) => {
        if (deleted) this.situations.count('dataset deleted under a device')
      }),
    )
  }

  /** Everybody sleeps for a long time; the others come back first, and old tombstones go. */
  private async longAbsence(absent: SimDevice): Promise<void> {
    const others = this.users.flatMap((user) => user.devices.map((device) => ({ user, device })))
    for (const { device } of others) this.crash(device, device.liveTabs)
    this.serverDown()
    this.allSleep = true
    await this.time.runTo(this.time.now + 200 * DAY_MS)
    this.allSleep = false
    this.startServer()
    for (const { user, device } of others) if (device !== absent) this.openTabUnlessOpen(user, device)
    for (let count = 0; count < 5; count++) {
      await this.time.runTo(this.time.now + 500)
      this.operate()
    }
    if ((await this.server.collectTombstones(180 * DAY_MS)) > 0) {
      this.situations.count('tombstones collected under an absent device')
    }
    for (const { user, device } of others) this.openTabUnlessOpen(user, device)
  }

  // --- watching

  private found(checker: string, message: string): void {
    this.trace(`VIOLATION ${checker}: ${message}`)
    if (this.violations.length < 100) this.violations.push({ checker, message })
  }

  private trace(text: string): void {
    this.parts.trace(`${this.time.now.toFixed(3)} ${text}`)
  }

  private background(work: Promise<unknown>): void {
    work.catch((fault: unknown) => this.found('defect', textOf(fault)))
  }

  private identitiesFor(device: string): Set<string> {
    const known = this.identitiesOf.get(device)
    if (known !== undefined) return known
    const made = new Set<string>()
    this.identitiesOf.set(device, made)
    return made
  }

  private openTabs() {
    return this.users.flatMap((user) =>
      user.devices.flatMap((device) =>
        device.liveTabs.filter(({ client }) => client !== null).map((tab) => ({ user, device, tab })),
      ),
    )
  }

  private written(): WrittenValues {
    const { log } = this.server
    return writtenValues([...log.entries, ...log.undone])
  }

  private views(): DeviceView[] {
    return this.openTabs().map(({ device, tab }) => this.view(device, tab))
  }

  private view(device: SimDevice, tab: SimTab): DeviceView {
    const client = tab.client!
    const { kind, reason } = client.status
    const datasets = this.parts.swarm.datasets.map((name): DatasetViewed => {
      const dataset = client.dataset(name)
      return {
        dataset: name,
        syncCount: dataset.syncCount,
        shown: dataset.entries(),
        pending: dataset.pending(),
        conflicts: dataset.conflicts().map(({ key, local, remote }) => ({
          key,
          local: local.value,
          remote: remote.value,
          remoteBy: remote.modifiedBy,
        })),
        parked: dataset.parked(),
      }
    })
    return { device: device.name, tab: tab.name, identity: client.identity, status: kind, reason, datasets }
  }

  private serverViews(): ServerView[] {
    return this.server.paths().map((path) => {
      const { dataset, records } = this.server.held(path)
      const live = records.flatMap(({ key, value }) => (value === null ? [] : [[key, value] as const]))
      return { ...path, exists: dataset?.exists ?? false, syncCount: dataset?.syncCount ?? 0, live }
    })
  }

  private restFaults(): readonly Violation[] {
    const faults = [...checkConvergence(this.views(), this.serverViews())]
    for (const user of this.users) {
      for (const device of user.devices) {
        for (const { name, client } of device.liveTabs) {
          if (client === null) faults.push({ checker: 'stall', message: `${device.name}.${name} never opened` })
        }
        if (device.liveTabs.length === 0) faults.push({ checker: 'stall', message: `${device.name} has no tab` })
      }
    }
    const { depth } = this.server.services.writes
    if (depth > 0) faults.push({ checker: 'stall', message: `${depth} writes wait at the server` })
    return faults
  }

  private checkIntent(): readonly Violation[] {
    const devices = this.users.flatMap((user) => user.devices)
    const byWriter = new Map(devices.flatMap((device) => [...device.watch.writers].map((name) => [name, device])))
    return checkIntent(
      this.server.log.entries,
      (identity, dataset, key, value, by) => {
        const edit = byWriter.get(by)?.watch.edits.get(JSON.stringify([dataset, key, value]))
        return edit === undefined || value === null || !isTagged(value) ? undefined : { ...edit, identity }
      },
      (name) => devices.find((device) => device.name === name)!.watch.writers,
      ({ device, dataset, key, value }) =>
        devices.find((one) => one.name === device)!.watch.chosen.has(JSON.stringify([dataset, key, value])),
    )
  }

  /** Nothing that is handed to one user holds what another one wrote (I16). */
  private scan(identity: string, text: string): void {
    for (const user of this.users) {
      if (user.identity === identity || !text.includes(user.canary)) continue
      const own = this.users.flatMap(({ identity: of, devices }) => (of === user.identity ? devices : []))
      const isGuestOf = own.some(({ name }) => this.identitiesFor(name).has(identity))
      if (!isGuestOf) this.found('isolation', `something of ${user.canary} was delivered to ${identity}`)
    }
  }

  private countAsked({ device, datasets }: SyncRequest): void {
    for (const { dataset, batch } of datasets) {
      if (batch === null) continue
      const name = JSON.stringify([device, dataset, batch.number])
      const times = (this.sentBatches.get(name) ?? 0) + 1
      this.sentBatches.set(name, times)
      if (times === 2) this.situations.count('batch sent again after a lost answer')
    }
    this.trace(`asked ${JSON.stringify(datasets)} by ${device}`)
  }

  private answered(identity: string, request: SyncRequest, { datasets }: SyncAnswer): void {
    this.trace(`answered ${JSON.stringify(datasets)} to ${request.device}`)
    datasets.forEach(({ batch, changes }, index) => {
      const asked = request.datasets[index]!
      if (changes?.snapshot === true && asked.since > 0) this.situations.count('snapshot sent')
      const own = batch?.outcome === 'accepted' ? batch.syncCount : null
      if (changes !== null) this.violations.push(...this.answers.check(identity, asked, changes, own))
      const name = JSON.stringify([request.device, asked.dataset, asked.batch?.number])
      if (batch?.outcome === 'conflict' && this.sentBatches.get(name)! > 1) {
        this.situations.count('conflict inside a resent batch')
      }
    })
  }
}

/** Values that are written once in a run, if nothing goes wrong. */
const isTagged = (value: string): boolean => value.endsWith('#')

const textOf = (fault: unknown): string => (fault instanceof Error ? (fault.stack ?? fault.message) : String(fault))
