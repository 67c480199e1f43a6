import type { DatasetName, IdentityId, Limits, NumberedBatch, SyncAnswer, SyncRequest } from '@satchel/protocol'
import type { ClientOptions, Login, SyncClient } from '../../libs/client/src/api.js'
import { SatchelClient } from '../../libs/client/src/client/satchel-client.js'
import { ConnectionFault } from '../../libs/client/src/transport/transport.js'
import { AwsWriter } from './world/aws-writer.js'
import { Chance } from './world/chance.js'
import { JournalWatch } from './world/journal-watch.js'
import { loadSqlOnce, SimDevice, type PortWraps, type SimTab } from './world/sim-device.js'
import { SimNetwork } from './world/sim-network.js'
import { SimServer } from './world/sim-server.js'
import { Situations } from './world/situations.js'
import { VirtualTime } from './world/virtual-time.js'

export type SceneTab = Readonly<{ device: SimDevice; tab: SimTab; client: SyncClient }>

type OpenOptions = Pick<ClientOptions, 'conflicts' | 'guest' | 'onFault' | 'paused'> &
  Readonly<{ as?: IdentityId; login?: Login }>

/** The simulation's world without chance: a named story is told in it, step by step. */
export class Scene {
  readonly time = new VirtualTime()
  readonly situations = new Situations()
  readonly asked: SyncRequest[] = []
  readonly answered: SyncAnswer[] = []
  /** Messages that no correct end sends. */
  readonly malformed: string[] = []
  readonly server: SimServer
  readonly network: SimNetwork
  private readonly chance = new Chance(1)
  private readonly devices: SimDevice[] = []

  private constructor(limits: Limits | undefined, tokenLifeMs: number | undefined) {
    this.server = new SimServer(this.time, this.chance.stream('server'), this.situations, limits, tokenLifeMs)
    this.network = new SimNetwork(this.time, this.chance.stream('network'), this.server, this.situations, {
      malformed: (message) => void this.malformed.push(message),
      delivered: () => {},
      impatient: () => {},
      told: () => {},
      asked: (request) => void this.asked.push(request),
      answered: (_, __, answer) => void this.answered.push(answer),
    })
    this.server.start()
  }

  static async begin(options: Readonly<{ limits?: Limits; tokenLifeMs?: number }> = {}): Promise<Scene> {
    await loadSqlOnce()
    return new Scene(options.limits, options.tokenLifeMs)
  }

  device(name: string, wraps: PortWraps = {}): SimDevice {
    const device = new SimDevice(
      name,
      this.time,
      this.chance.stream(name),
      this.network,
      new JournalWatch(name, this.situations, () => {}),
      () => ({ authenticate: (known) => this.asGuest(name, known as IdentityId | null) }),
      wraps,
    )
    this.devices.push(device)
    return device
  }

  /** Opens a tab of the device; without `as` or `login` it is a guest's. */
  async open(device: SimDevice, { as, ...options }: OpenOptions = {}): Promise<SceneTab> {
    const { tab, platform } = device.newTab()
    const login = as === undefined ? {} : { login: this.loginOf(device.name, as) }
    const client = await this.done(
      SatchelClient.open({ endpoint: 'http://simulated.invalid', pool: 'simulated', ...login, ...options }, platform),
    )
    tab.client = client
    return { device, tab, client }
  }

  loginOf(device: string, identity: IdentityId): Login {
    return () => {
      if (!this.network.reaches(device)) return Promise.reject(new ConnectionFault('unreachable', 'no network'))
      return Promise.resolve({ identityId: identity, token: this.server.tokenFor(identity) })
    }
  }

  aws(identity: IdentityId, name = 'another device'): AwsWriter {
    return new AwsWriter(name, this.server, identity, this.chance.stream(name), () => {})
  }

  /** Lets time pass until a promise has settled; at most ten minutes. */
  async done<T>(work: Promise<T> | PromiseLike<T>): Promise<T> {
    let settled = false
    const wait = Promise.resolve(work).finally(() => (settled = true))
    wait.catch(() => {})
    await this.time.runTo(this.time.now + 600_000, () => settled)
    if (!settled) throw new Error('nothing came of it within ten virtual minutes')
    return wait
  }

  /** Lets time pass until something is so; at most ten minutes. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    await this.time.runTo(this.time.now + 600_000, isSo)
    if (!isSo()) throw new Error(`within ten virtual minutes it did not come about that ${what}`)
  }

  pass(ms: number): Promise<void> {
    return this.time.runTo(this.time.now + ms)
  }

  /** Lets time pass until every tab is live and has nothing to send. */
  rest(...tabs: readonly SceneTab[]): Promise<void> {
    return this.until('all tabs are live with nothing pending', () =>
      tabs.every(({ client }) => client.status.kind === 'live'),
    )
  }

  /** Live records as the server holds them. */
  held(identity: string, dataset: string): Map<string, string> {
    const { records } = this.server.held({ identity: identity as IdentityId, dataset: dataset as DatasetName })
    return new Map(records.flatMap(({ key, value }) => (value === null ? [] : [[key as string, value] as const])))
  }

  syncCount(identity: string, dataset: string): number {
    const held = this.server.held({ identity: identity as IdentityId, dataset: dataset as DatasetName })
    return held.dataset?.syncCount ?? 0
  }

  /** The batches of all messages that devices sent, but for so many of the first messages. */
  sentBatches(after: number): readonly NumberedBatch[] {
    return this.asked.slice(after).flatMap(({ datasets }) => datasets.flatMap(({ batch }) => batch ?? []))
  }

  disconnect(device: SimDevice): void {
    this.network.cutOff(device.name)
  }

  reconnect(device: SimDevice): void {
    this.network.partitioned.delete(device.name)
  }

  stopServer(): void {
    this.server.kill()
    this.network.serverWentDown()
  }

  crash(device: SimDevice): void {
    device.kill(device.liveTabs)
  }

  private asGuest(device: string, known: IdentityId | null) {
    if (!this.network.reaches(device)) return Promise.reject(new ConnectionFault('unreachable', 'no network'))
    const identity = known ?? this.server.addIdentity()
    return Promise.resolve({ identity, token: this.server.tokenFor(identity), guest: true })
  }
}
