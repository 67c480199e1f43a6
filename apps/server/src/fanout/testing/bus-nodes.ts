import type { Changed, DatasetName, DeviceId, IdentityId, RecordKey, SyncCount, SyncRecord } from '@satchel/protocol'
import { Keyring } from '../../access/keyring.js'
import type { CommittedChange } from '../../datasets/commit-feed.js'
import { SystemClock } from '../../runtime/clock.js'
import { SystemRandom } from '../../runtime/random.js'
import type { Departure } from '../bus-message.js'
import type { DropReason, RefusalReason } from '../bus-observer.js'
import { HintBus, type HintBusParts } from '../hint-bus.js'
import type { Wire, WireFault } from '../wire.js'

/** A key of equal bytes for each number; the first one seals. */
export const aKeyring = (first: number, ...others: readonly number[]) =>
  new Keyring([Buffer.alloc(32, first), ...others.map((byte) => Buffer.alloc(32, byte))])

/** As every node has it. */
export const OURS = aKeyring(7)

export const identity = (number: number): IdentityId =>
  `us-east-1:00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}` as IdentityId

export const aRecord = (key: string, value: string | null): SyncRecord => ({
  key: key as RecordKey,
  value,
  syncCount: 1 as SyncCount,
  modifiedAt: 1,
  modifiedBy: 'somebody',
  deviceModifiedAt: null,
})

/** A commit of one small record. */
export function change(of: IdentityId, through: number, records: readonly SyncRecord[] | null = null): CommittedChange {
  const changed: Changed = {
    dataset: 'settings' as DatasetName,
    epoch: 1,
    base: (through - 1) as SyncCount,
    through: through as SyncCount,
    records,
  }
  return { identity: of, device: 'phone' as DeviceId, changed }
}

/** One node's bus, and everything that it says. */
export class BusNode {
  readonly changes: CommittedChange[] = []
  readonly departures: Departure[] = []
  readonly missed: (IdentityId | null)[] = []
  readonly faults: WireFault[] = []
  readonly refusals: RefusalReason[] = []
  readonly drops: DropReason[] = []
  streamCommits = 0
  published = 0
  ups = 0
  readonly bus: HintBus

  constructor(wire: Wire, over: Partial<HintBusParts> = {}) {
    this.bus = new HintBus({
      wire,
      keyring: OURS,
      listener: {
        changed: (change) => this.changes.push(change),
        departed: (departure) => this.departures.push(departure),
        streamCommitted: () => this.streamCommits++,
        missed: (identity) => this.missed.push(identity),
      },
      observer: {
        up: () => this.ups++,
        away: (fault) => this.faults.push(fault),
        published: () => this.published++,
        dropped: (reason) => this.drops.push(reason),
        received: () => {},
        refused: (reason) => this.refusals.push(reason),
      },
      clock: new SystemClock(),
      random: new SystemRandom(),
      ...over,
    })
  }

  /** The counts that it heard of, in the order in which they came. */
  get counts(): readonly number[] {
    return this.changes.map(({ changed }) => changed.through)
  }
}
