import { BatchLedger } from '../batch-ledger.js'
import type { OpenOptions } from '../client-process.js'
import { eventually } from '../eventually.js'
import { settled } from '../live-device.js'

const KILLED_MS_MAX = 60_000

/** What all devices of a run share. */
export class KilledRun {
  readonly ledger = new BatchLedger()
  readonly faults: string[] = []
  broken = false
  readonly seen = {
    kills: 0,
    killsWhileOpening: 0,
    killsWithFlight: 0,
    livesOffline: 0,
    saved: 0,
    unsaved: 0,
    serverKills: 0,
    cuts: 0,
    swallowed: 0,
    refusals: 0,
  }

  constructor(
    readonly options: Omit<OpenOptions, 'directory'>,
    readonly directory: string,
    /** How many clients, and servers, are killed at least. */
    private readonly least: Readonly<{ kills: number; serverKills: number }>,
  ) {}

  /** Also when something broke: then the others stop, too. */
  get isOver(): boolean {
    if (this.broken) return true
    return this.seen.kills >= this.least.kills && this.seen.serverKills >= this.least.serverKills
  }

  /** Resolves when so many clients more were killed, or the run is over. */
  async nextKills(more: number): Promise<void> {
    const until = this.seen.kills + more
    await eventually(() => settled(this.isOver || this.seen.kills >= until, 'nobody was killed'), KILLED_MS_MAX)
  }
}
