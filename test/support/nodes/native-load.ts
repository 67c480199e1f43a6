import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withCredentials, type Reached, type Somebody } from '../a-pool.js'
import { BatchLedger } from '../batch-ledger.js'
import { ClientHistory } from '../client-history.js'
import { converged, DATASETS, OWN, SHARED, sharedFaults, shownBy, takeDown } from '../client-load.js'
import { ClientProcess, type Shown, type Told } from '../client-process.js'
import { AWS_HISTORY_LIMITS, differences } from '../dataset-history.js'
import { eventually } from '../eventually.js'
import type { Seeded } from '../seeded.js'
import { Absences } from './absences.js'

const NAMES = ['ada', 'ben', 'cleo', 'dora', 'eve', 'finn']
/** How long devices may take to agree when nobody asks them to: a minute at most until they try again, and then some. */
const AGREED_MS_MAX = 120_000
/** Between two edits of a device, at most: three nodes, their database and all devices share one machine. */
const REST_MS_MAX = 60

/**
 * Devices of one user, each a client in a process of its own, that edit without end; what each of them was told is taken down and has to be
 * what it, the others and every node show at the end.
 */
export class NativeLoad {
  readonly ledger = new BatchLedger()
  readonly absences = new Absences()
  readonly faults: string[] = []
  readonly seen = { saved: 0, connections: 0, agreedMs: 0 }
  private readonly directory = mkdtempSync(join(tmpdir(), 'satchel-devices-'))
  private readonly devices: Device[] = []

  private constructor(
    private readonly reached: Reached,
    private readonly user: Somebody,
  ) {}

  static async start(
    reached: Reached,
    { user, devices, chance }: Readonly<{ user: Somebody; devices: number; chance: Seeded }>,
  ): Promise<NativeLoad> {
    const load = new NativeLoad(reached, user)
    await Promise.all(NAMES.slice(0, devices).map((name) => load.open(name, chance.fork())))
    return load
  }

  /** Ends the edits. */
  async finish(): Promise<void> {
    await Promise.all(this.devices.map(({ client }) => client.rest()))
  }

  /**
   * Waits until the devices agree, of themselves, and then brings them up to everything; answers what is wrong with what they and the nodes show,
   * in words.
   */
  async faultsAt(nodes: readonly Reached[]): Promise<readonly string[]> {
    const begun = performance.now()
    await eventually(() => this.agreed(), AGREED_MS_MAX)
    this.seen.agreedMs = Math.round(performance.now() - begun)
    const shown = await converged(this.devices.map(({ client }) => client))
    const faults = [...this.faults, ...this.ledger.faults]
    this.devices.forEach(({ history }, at) => faults.push(...history.reopened(shown[at]!)))
    for (const dataset of DATASETS) {
      for (const node of nodes) faults.push(...(await this.faultsOf(dataset, node, shown)))
    }
    const histories = this.devices.map(({ history }) => history)
    return [...faults, ...sharedFaults(shown[0]!, histories)]
  }

  /** Bytes that its datasets come to. */
  get bytes(): number {
    return [...this.ledger.histories.values()].reduce((sum, history) => sum + history.replay().bytes, 0)
  }

  async close(): Promise<void> {
    await Promise.all(this.devices.map(({ client }) => client.kill()))
    rmSync(this.directory, { recursive: true, force: true })
  }

  private async agreed(): Promise<void> {
    const shown = await Promise.all(this.devices.map(({ client }) => shownBy(client)))
    for (const dataset of DATASETS) {
      const each = shown.map((one) => `${one[dataset]!.syncCount} with ${one[dataset]!.pending.length} to send`)
      if (new Set(each).size > 1 || !each[0]!.endsWith('with 0 to send'))
        throw new Error(`devices stand at ${each.join(', ')} in ${dataset}`)
    }
  }

  private async open(name: string, chance: Seeded): Promise<void> {
    const history = new ClientHistory(name)
    const client = ClientProcess.start({ listen: (told) => this.heard(name, history, told) })
    this.devices.push({ client, history })
    const { pool, identity: guest } = this.user
    const directory = join(this.directory, name)
    this.faults.push(
      ...history.reopened(await client.open({ endpoint: this.reached.url, pool, guest, directory }, DATASETS)),
    )
    const seed = chance.from(0, 2 ** 31)
    await client.load({ seed, device: name, from: 1, own: OWN, shared: SHARED, restMs: REST_MS_MAX })
  }

  private heard(name: string, history: ClientHistory, told: Told): void {
    takeDown(told, { history, ledger: this.ledger, faults: this.faults })
    if (told.kind === 'saved') this.seen.saved++
    if (told.kind !== 'status') return
    this.absences.heard(name, told.status)
    if (told.status.kind === 'syncing' && told.status.reason === 'connected') this.seen.connections++
  }

  private async faultsOf(
    dataset: string,
    node: Reached,
    shown: readonly Readonly<Record<string, Shown>>[],
  ): Promise<readonly string[]> {
    const { device: wire } = await withCredentials(node, this.user)
    const listing = await wire.list(dataset)
    const history = this.ledger.histories.get(dataset)
    if (history === undefined) return [`nothing of ${dataset} was ever accepted`]
    const faults = [...differences(history.replay(AWS_HISTORY_LIMITS), listing)]
    const live = listing.Records.flatMap(({ Key, Value }) => (Value === undefined ? [] : [[Key, Value]]))
    const whole = JSON.stringify([listing.DatasetSyncCount, live.sort(), [], [], []])
    shown.forEach((each, at) => {
      const { syncCount, entries, pending, conflicts, parked } = each[dataset]!
      const own = JSON.stringify([syncCount, [...entries].sort(), pending, conflicts, parked])
      if (own !== whole) faults.push(`${NAMES[at]} shows ${own.slice(0, 300)}, not ${whole.slice(0, 300)}`)
    })
    return faults.map((fault) => `${dataset} at ${node.url}: ${fault}`)
  }
}

type Device = Readonly<{ client: ClientProcess; history: ClientHistory }>
