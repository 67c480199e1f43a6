import type { IdentityId } from '@satchel/protocol'
import type { SyncClient } from '../../../libs/client/src/api.js'
import { SatchelClient } from '../../../libs/client/src/client/satchel-client.js'
import { JournalFault } from '../../../libs/client/src/journal/journal.js'
import { ConnectionFault } from '../../../libs/client/src/transport/transport.js'
import type { PolicyKind } from '../swarm.js'
import { AwsWriter } from './aws-writer.js'
import type { Chance } from './chance.js'
import { textOf } from './findings.js'
import { JournalWatch } from './journal-watch.js'
import type { Life } from './life.js'
import { conflictPolicy, type Chooser } from './policies.js'
import { SimDevice, type PortWraps, type SimTab } from './sim-device.js'
import type { Stage } from './stage.js'

/** A person with devices. */
export type User = {
  readonly identity: IdentityId
  /** Begins every value that the person writes and nobody else does. */
  readonly canary: string
  readonly devices: SimDevice[]
  readonly writers: AwsWriter[]
}

/** A tab whose client is open, and whose it is. */
export type OpenTab = Readonly<{ user: User; device: SimDevice; tab: SimTab }>

type PeopleParts = Readonly<{
  stage: Stage
  chance: Chance
  wraps: PortWraps
  choose: Chooser
  /** A tab has opened, with whatever its device had kept. */
  opened: (device: SimDevice, tab: SimTab) => void
}>

/** Everybody in a run: users, their devices and tabs, and who is signed in where. */
export class People {
  readonly users: User[] = []
  private readonly identities = new Map<string, Set<string>>()
  private readonly signedIn = new Set<string>()
  private readonly policyOf = new Map<string, PolicyKind>()

  constructor(private readonly parts: PeopleParts) {
    const { swarm } = parts.stage
    for (let user = 0; user < swarm.identities; user++) this.addUser(user)
  }

  /** Every device, with its user. */
  get devices(): Readonly<{ user: User; device: SimDevice }>[] {
    return this.users.flatMap((user) => user.devices.map((device) => ({ user, device })))
  }

  get openTabs(): OpenTab[] {
    return this.devices.flatMap(({ user, device }) =>
      device.liveTabs.filter(({ client }) => client !== null).map((tab) => ({ user, device, tab })),
    )
  }

  /** Every identity that a device acted for. */
  identitiesOf({ name }: Pick<SimDevice, 'name'>): Set<string> {
    const known = this.identities.get(name)
    if (known !== undefined) return known
    const made = new Set<string>()
    this.identities.set(name, made)
    return made
  }

  openTab(user: User, device: SimDevice): void {
    const { findings, situations, time } = this.parts.stage
    const { tab, platform } = device.newTab()
    findings.trace(`${device.name}.${tab.name} opens`)
    const kind = this.policyOf.get(device.name)!
    const opening = SatchelClient.open(
      {
        endpoint: 'http://simulated.invalid',
        pool: 'simulated',
        conflicts: conflictPolicy(kind, device, this.parts.choose, { time, situations }),
        onFault: () => {},
        ...(this.isSignedIn(device) ? { login: this.loginOf(user, device, tab.life) } : {}),
      },
      platform,
    )
    opening.then(
      (client) => this.opened(user, device, tab, client),
      (fault: unknown) => {
        findings.trace(`${device.name}.${tab.name} could not open: ${String(fault)}`)
        if (!(fault instanceof JournalFault)) {
          findings.found('open', `${device.name} could not be opened: ${textOf(fault)}`)
        }
        device.kill([tab])
      },
    )
  }

  /** Does nothing on a device that is signed in. */
  signIn({ user, device, tab }: OpenTab): void {
    if (tab.client === null || this.isSignedIn(device)) return
    const { findings, network } = this.parts.stage
    findings.trace(`${device.name}.${tab.name} signs in`)
    network.patience.excuse(tab.life)
    const done = tab.client.signIn(this.loginOf(user, device, tab.life))
    done.then(
      () => this.signedIn.add(device.name),
      (fault: unknown) => findings.trace(`${device.name}.${tab.name} could not sign in: ${String(fault)}`),
    )
  }

  private isSignedIn({ name }: SimDevice): boolean {
    return this.signedIn.has(name)
  }

  private addUser(index: number): void {
    const { server, swarm } = this.parts.stage
    const identity = server.addIdentity()
    const user: User = { identity, canary: `canary${index}-`, devices: [], writers: [] }
    this.users.push(user)
    for (let at = 0; at < swarm.devicesPerIdentity; at++) user.devices.push(this.newDevice(`u${index}d${at}`))
    for (let at = 0; at < swarm.awsWriters; at++) user.writers.push(this.newWriter(`aws${index}-${at}`, identity))
  }

  private newDevice(name: string): SimDevice {
    const { stage, chance, wraps } = this.parts
    const { time, network, situations, swarm, findings } = stage
    const device = new SimDevice(
      name,
      time,
      chance.stream(name),
      network,
      new JournalWatch(name, situations, (text) => findings.trace(text)),
      (life, whose) => ({ authenticate: (known) => this.asGuest(life, whose, known) }),
      wraps,
    )
    Object.assign(device.faults, swarm.diskFaults)
    this.policyOf.set(name, device.chance.oneOf(swarm.policies))
    if (!swarm.guests || device.chance.hit(0.5)) this.signedIn.add(name)
    return device
  }

  private newWriter(name: string, identity: IdentityId): AwsWriter {
    const { stage, chance } = this.parts
    return new AwsWriter(name, stage.server, identity, chance.stream(name), (text) => stage.findings.trace(text))
  }

  private opened(user: User, device: SimDevice, tab: SimTab, client: SyncClient): void {
    const { findings, swarm } = this.parts.stage
    tab.client = client
    // Another tab of the device has signed in, and its app's login ends with it: this one has to sign in too.
    client.onStatus(({ kind }) => {
      if (kind !== 'needs-auth' || !this.isSignedIn(device)) return
      client.signIn(this.loginOf(user, device, tab.life)).catch((fault: unknown) => findings.trace(String(fault)))
    })
    findings.trace(`${device.name}.${tab.name} is open`)
    for (const dataset of swarm.datasets) client.dataset(dataset)
    this.parts.opened(device, tab)
  }

  private loginOf(user: User, device: SimDevice, life: Life) {
    return () => {
      this.identitiesOf(device).add(user.identity)
      return this.overNetwork(life, device.name, () => ({
        identityId: user.identity,
        token: this.parts.stage.server.tokenFor(user.identity),
      }))
    }
  }

  private asGuest(life: Life, device: string, known: string | null) {
    const { server } = this.parts.stage
    return this.overNetwork(life, device, () => {
      const identity = (known as IdentityId | null) ?? server.addIdentity()
      this.identitiesOf({ name: device }).add(identity)
      return { identity, token: server.tokenFor(identity), guest: true }
    })
  }

  private overNetwork<T>(life: Life, device: string, work: () => T): Promise<T> {
    const { time, network } = this.parts.stage
    return new Promise((resolve, reject) => {
      time.after(network.delay(), () =>
        life.run(() => {
          if (network.reaches(device) && !network.chance.hit(network.faults.lose)) resolve(work())
          else reject(new ConnectionFault('unreachable', 'simulated: no way to the identity service'))
        }),
      )
    })
  }
}
