import { join } from 'node:path'
import { ClientHistory } from '../client-history.js'
import { DATASETS, OWN, SHARED, takeDown } from '../client-load.js'
import { ClientProcess, type Shown, type Told } from '../client-process.js'
import { forMs } from '../for-ms.js'
import type { Seeded } from '../seeded.js'
import type { KilledRun } from './killed-run.js'

/** Where a life ends: so long, at most, after the device has told this for the first time. */
const MOMENTS = [
  { kind: 'saved', afterMs: 300 },
  { kind: 'batch', afterMs: 15 },
  { kind: 'answer', afterMs: 100 },
  { kind: 'answer', afterMs: 1_000 },
] as const
/** Nobody waits longer for that, nor when the device says that the network is away. */
const MOMENT_MS_MAX = 3_000
const OPENING_MS_MAX = 60

/** One device over all its lives. */
export class KilledDevice {
  readonly history: ClientHistory
  private last = 0
  private awakened: ClientProcess | null = null

  constructor(
    readonly name: string,
    private readonly run: KilledRun,
    private readonly chance: Seeded,
  ) {
    this.history = new ClientHistory(name)
  }

  /** Lives and dies until the run is over. */
  async live(): Promise<void> {
    while (!this.run.isOver) {
      const client = this.start()
      try {
        await client.started()
        await this.liveOnce(client)
      } finally {
        await client.kill()
      }
    }
  }

  /** Opens the device for good. */
  async awake(): Promise<ClientProcess> {
    this.awakened = this.start()
    await this.open(this.awakened, false)
    return this.awakened
  }

  /** Kills it where it is awake. */
  async end(): Promise<void> {
    await this.awakened?.kill()
  }

  /** Takes in what it shows when it is open again. */
  check(shown: Readonly<Record<string, Shown>>): void {
    this.run.faults.push(...this.history.reopened(shown))
  }

  private async liveOnce(client: ClientProcess): Promise<void> {
    const { run, chance } = this
    const { seen } = run
    if (chance.next() < 0.1) {
      const opening = this.open(client, false).catch(() => {})
      await forMs(chance.from(0, OPENING_MS_MAX))
      await client.kill()
      await opening
      seen.killsWhileOpening++
      return
    }
    const paused = chance.next() < 0.15
    if (paused) seen.livesOffline++
    await this.open(client, paused)
    const from = this.last + 1
    await client.load({ seed: chance.from(0, 2 ** 31), device: this.name, from, own: OWN, shared: SHARED })
    const moment = paused ? MOMENTS[0] : chance.oneOf(MOMENTS)
    const isOver = (told: Told): boolean =>
      told.kind === moment.kind || (told.kind === 'status' && told.status.kind === 'waiting')
    await client.heard((told) => (isOver(told) ? true : undefined), MOMENT_MS_MAX).catch(() => {})
    await forMs(chance.from(0, moment.afterMs))
    await client.kill()
    seen.kills++
    if (hasFlight(client.told)) seen.killsWithFlight++
    seen.unsaved += count(client.told, 'intent') - count(client.told, 'saved')
  }

  private async open(client: ClientProcess, paused: boolean): Promise<void> {
    const { options, directory } = this.run
    this.check(await client.open({ ...options, directory: join(directory, this.name), paused }, DATASETS))
  }

  private start(): ClientProcess {
    return ClientProcess.start({ listen: (told) => this.heard(told) })
  }

  private heard(told: Told): void {
    const { ledger, faults, seen } = this.run
    if (told.kind === 'intent') this.last = told.intent.n
    if (told.kind === 'saved') seen.saved++
    takeDown(told, { history: this.history, ledger, faults })
  }
}

/** How many things of a kind were told. */
export const count = (told: readonly Told[], kind: Told['kind']): number =>
  told.filter((one) => one.kind === kind).length

/** Whether a batch was sent whose answer was not heard. */
const hasFlight = (told: readonly Told[]): boolean => count(told, 'batch') > count(told, 'answer')
