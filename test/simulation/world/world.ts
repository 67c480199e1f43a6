import type { Violation } from '../history.js'
import type { Swarm } from '../swarm.js'
import { Apps } from './apps.js'
import type { Chance } from './chance.js'
import { Disasters } from './disasters.js'
import { Edits } from './edits.js'
import { Findings } from './findings.js'
import { NO_NETWORK_FAULTS } from './network-faults.js'
import { People } from './people.js'
import { loadSqlOnce, type PortWraps } from './sim-device.js'
import { SimNetwork } from './sim-network.js'
import { SimServer } from './sim-server.js'
import { Situations } from './situations.js'
import type { Stage } from './stage.js'
import { Verdict } from './verdict.js'
import { VirtualTime } from './virtual-time.js'
import { WireWatch } from './wire-watch.js'

export type WorldParts = Readonly<{
  chance: Chance
  swarm: Swarm
  wraps: PortWraps
  trace: (text: string) => void
}>

/** Everything that was healed must have come to rest within this time. */
const HEALED_WITHIN_MS = 30 * 60_000
/** A storm ends early with so many edits: more of the same find nothing new. */
const OPERATIONS_MAX = 1_000
const LOOK_EVERY_MS = 20_000

/** All of a run: one server, users with devices, and everything that happens to them. */
export class World {
  readonly time = new VirtualTime()
  readonly situations = new Situations()
  private readonly stage: Stage
  private readonly people: People
  private readonly edits: Edits
  private readonly apps: Apps
  private readonly disasters: Disasters
  private readonly verdict: Verdict

  private constructor({ chance, swarm, wraps, trace }: WorldParts) {
    const { time, situations } = this
    const people = () => this.people
    const findings = new Findings(time, trace)
    const server = new SimServer(time, chance.stream('server'), situations, swarm.limits, swarm.tokenLifeMs)
    Object.assign(server.faults, swarm.storeFaults)
    const watch = new WireWatch(findings, situations, server.log, people)
    const network = new SimNetwork(time, chance.stream('network'), server, situations, watch)
    network.faults = { ...swarm.network }
    this.stage = { time, situations, findings, swarm, server, network, draw: chance.stream('world') }
    server.start()

    this.edits = new Edits(this.stage, people)
    this.apps = new Apps(this.stage, this.edits, people)
    this.verdict = new Verdict(this.stage, this.edits, people)
    this.people = new People({
      stage: this.stage,
      chance,
      wraps,
      choose: (device, sides) => this.apps.choose(device, sides),
      opened: (device, tab) => this.verdict.checkOpened(device, tab),
    })
    this.disasters = new Disasters(this.stage, this.people, this.apps, this.edits)
  }

  static async begin(parts: WorldParts): Promise<World> {
    await loadSqlOnce()
    return new World(parts)
  }

  /** What must never be, and was. */
  get violations(): readonly Violation[] {
    return this.stage.findings.violations
  }

  /** Edits by apps and writers of the AWS face. */
  get operations(): number {
    return this.edits.operations
  }

  /** Edits and faults, until the storm is over. */
  async storm(): Promise<void> {
    const { time, swarm, draw } = this.stage
    for (const { user, device } of this.people.devices) this.people.openTab(user, device)
    while (time.now < swarm.stormMs && this.operations < OPERATIONS_MAX) {
      await time.runTo(time.now + draw.next() * swarm.gapMsMax)
      if (draw.hit(swarm.disasters)) await this.disasters.strike()
      else this.apps.operate()
    }
  }

  /** Ends every fault and waits until all has come to rest. */
  async heal(): Promise<void> {
    const { time, findings } = this.stage
    findings.trace('healing')
    this.endFaults()
    const end = time.now + HEALED_WITHIN_MS
    while (time.now < end) {
      await time.runTo(time.now + LOOK_EVERY_MS)
      for (const open of this.people.openTabs) {
        open.tab.client!.resume()
        this.people.signIn(open)
      }
      if (time.now + HEALED_WITHIN_MS - end > 60_000 && this.verdict.restFaults().length === 0) return
    }
  }

  /** Everything that can be proven of the run. */
  judge(): void {
    this.verdict.judge()
  }

  private endFaults(): void {
    const { network, server } = this.stage
    network.faults = { ...NO_NETWORK_FAULTS }
    network.partitioned.clear()
    Object.assign(server.faults, { failed: 0, unknown: 0 })
    server.skewMs = 0
    if (!server.isUp) server.start()
    for (const { user, device } of this.people.devices) {
      Object.assign(device.faults, { unavailable: 0, keptAndFailed: 0, full: false })
      for (const tab of device.tabs) tab.life.wake()
      if (device.liveTabs.length === 0) this.people.openTab(user, device)
    }
  }
}
