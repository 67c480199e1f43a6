import {
  byCodePoint,
  NEVER_SYNCED,
  type DatasetName,
  type DeviceId,
  type NumberedBatch,
  type RecordKey,
  type SyncCount,
} from '@satchel/protocol'
import type { SqlJsStatic } from 'sql.js'
import type { Group } from '../journal/entry.js'
import { patchOf } from '../merge/flight.js'
import { nothingHeld, type Held } from '../merge/held.js'
import { standingOf, type EditStanding } from '../merge/standing.js'
import type { HeldRow } from './held-rows.js'
import { clashOf, pendingList, pendingOf } from './pending-list.js'
import { PlacedState } from './placed-state.js'
import type {
  Applied,
  Clash,
  DatasetReader,
  DatasetStanding,
  Greeting,
  Pending,
  Replica,
  Shown,
  Ticket,
} from './replica.js'
import { ShownBefore } from './shown-before.js'
import { ShownUsage, type Usage } from './shown-usage.js'
import { SqlReader } from './sql-reader.js'
import type { Step, Turn } from './step.js'
import { changedSince, seenIn } from './taken-over.js'
import { unplacedEdits } from './unplaced-edits.js'
import { Unplaced } from './unplaced.js'

/**
 * A replica in sql.js; `Replica` says what it promises. The database holds what follows from the journal and nothing
 * else; edits that are on their way into it lie above, in `Unplaced`.
 */
export class SqlReplica implements Replica {
  /** One that follows from no groups; or, where groups through `place` are lost, from none of those. */
  static empty(sql: SqlJsStatic, place = 0): SqlReplica {
    return new SqlReplica(sql, PlacedState.empty(sql, place))
  }

  /** Throws for bytes that are no whole snapshot, and a `JournalFault` for one of a newer format. */
  static restore(sql: SqlJsStatic, bytes: Uint8Array): SqlReplica {
    return new SqlReplica(sql, PlacedState.restored(sql, bytes))
  }

  private readonly unplaced = new Unplaced()
  private usages: ShownUsage

  private constructor(
    private readonly sql: SqlJsStatic,
    private placed: PlacedState,
  ) {
    this.usages = ShownUsage.of(placed)
  }

  get place(): number {
    return this.placed.store.place
  }

  get device(): DeviceId | null {
    return this.placed.store.device
  }

  get nextNumber(): number {
    return this.placed.store.nextNumber
  }

  get greeting(): Greeting {
    return this.placed.store.greeting
  }

  hasAdopted(store: string): boolean {
    return this.placed.store.adopted.includes(store)
  }

  show(group: Group): Readonly<{ ticket: Ticket; shown: readonly Shown[] }> {
    const before = new ShownBefore()
    for (const entry of group) {
      for (const [dataset, edit] of unplacedEdits(entry, this.present)) {
        before.note(dataset, edit.key, this.shownValue(dataset, edit.key))
        this.unplaced.push(dataset, { ...edit, entry })
      }
    }
    return { ticket: { group }, shown: this.changed(before) }
  }

  /** Takes back what was shown. A ticket may be put together of several: it names their groups' entries. */
  hide({ group }: Ticket): readonly Shown[] {
    return this.changed(this.takeOff(group))
  }

  apply(place: number, group: Group, ticket?: Ticket): Applied {
    const step = this.placed.apply(place, group)
    const before = this.takeOff(ticket?.group ?? [], step)
    for (const [dataset, turns] of step.turns) {
      // What lies above a key hides what the journal makes of it.
      const above = this.unplaced.of(dataset)
      for (const [key, turn] of turns) if (above?.has(key) !== true) before.note(dataset, key, turn.before)
    }
    return { shown: this.changed(before, step), settled: step.settled }
  }

  /** Takes over a later state from a snapshot, as when the groups that led to it are gone. What lies above it stays. */
  become(bytes: Uint8Array): Applied {
    const next = PlacedState.restored(this.sql, bytes)
    const before = seenIn(this)
    this.placed.database.close()
    this.placed = next
    this.usages = ShownUsage.of(next)
    for (const dataset of this.unplaced.datasets()) {
      for (const key of this.unplaced.of(dataset)!.keys()) {
        const value = next.of(dataset, null, (id, rows) => rows.shown(id, key))
        this.usages.turned(dataset, key, value, this.unplaced.top(dataset, key)!.value)
      }
    }
    return changedSince(before, this)
  }

  reader(dataset: DatasetName): DatasetReader {
    return new SqlReader(dataset, {
      unplaced: this.unplaced,
      placed: () => this.placed,
      sizeOf: () => this.usages.dataset(dataset).records,
    })
  }

  baseOf(dataset: DatasetName, key: RecordKey): SyncCount {
    return this.placed.of(dataset, NEVER_SYNCED, (id, rows) => rows.read(id, key).held.record?.count ?? NEVER_SYNCED)
  }

  datasets(): readonly DatasetName[] {
    return [...new Set([...this.placed.datasets.keys(), ...this.unplaced.datasets()])].sort(byCodePoint)
  }

  standing(dataset: DatasetName): DatasetStanding {
    const { epoch, since } = this.placed.datasets.get(dataset) ?? { epoch: 0, since: NEVER_SYNCED }
    return { epoch, since }
  }

  sendable(dataset: DatasetName): readonly Pending[] {
    return this.waiting(dataset, 'sendable').map(({ key, pending }) => pendingOf(key, pending!))
  }

  pending(dataset: DatasetName): readonly (Pending & Readonly<{ sent: boolean }>)[] {
    const flown = this.placed.of<HeldRow[]>(dataset, [], (id, rows) => rows.flown(id))
    const pending = this.placed.of<HeldRow[]>(dataset, [], (id, rows) => rows.pending(id))
    return pendingList(heldIn(flown), heldIn(pending), this.unplaced.of(dataset))
  }

  clashes(dataset: DatasetName): readonly Clash[] {
    return this.waiting(dataset, 'clash').map(clashOf)
  }

  flight(dataset: DatasetName): NumberedBatch | null {
    const state = this.placed.datasets.get(dataset)
    if (state === undefined || state.flight === null) return null
    return { number: state.flight, patches: this.placed.rows.flown(state.id).map(({ held }) => patchOf(held)) }
  }

  usage(dataset: DatasetName): Usage {
    return this.usages.dataset(dataset)
  }

  identityUsage(): Readonly<{ datasets: number; bytes: number }> {
    const holding = this.datasets().filter(
      (name) => this.placed.datasets.get(name)?.existing === true || this.usages.dataset(name).records > 0,
    )
    return { datasets: holding.length, bytes: this.usages.bytes }
  }

  snapshot(): Uint8Array {
    return this.placed.snapshot()
  }

  close(): void {
    this.placed.database.close()
  }

  /** Takes the entries' edits off; answers what their keys showed with them, which no step has changed. */
  private takeOff(group: Group, step?: Step): ShownBefore {
    const before = new ShownBefore()
    for (const [dataset, key] of this.unplaced.keysOf(group)) {
      before.note(dataset, key, this.shownValue(dataset, key, step?.turns.get(dataset)?.get(key)))
    }
    this.unplaced.drop(group)
    return before
  }

  private changed(before: ShownBefore, step?: Step): Shown[] {
    return before.changed(
      (dataset, key) => this.shownValue(dataset, key, step?.turns.get(dataset)?.get(key)),
      (dataset, key, was, is) => this.usages.turned(dataset, key, was, is),
    )
  }

  /** The value of a key as it is shown now; `turn` spares reading what a step has just made of it. */
  private shownValue(dataset: DatasetName, key: RecordKey, turn?: Turn): string | null {
    const above = this.unplaced.top(dataset, key)
    if (above !== undefined) return above.value
    return turn === undefined ? this.placed.of(dataset, null, (id, rows) => rows.shown(id, key)) : turn.after
  }

  /** What is pending, not parked, stands like this and has nothing on its way. */
  private waiting(dataset: DatasetName, standing: EditStanding): Held[] {
    const complete = this.standing(dataset).epoch !== 0
    return this.placed
      .of<HeldRow[]>(dataset, [], (id, rows) => rows.pending(id))
      .map(({ held }) => held)
      .filter(
        ({ pending, flown, record }) =>
          pending!.parked === null && flown === null && standingOf(pending!, record, { complete }) === standing,
      )
  }

  private readonly present = {
    hasAdopted: (store: string) => this.hasAdopted(store),
    held: (dataset: DatasetName, key: RecordKey) =>
      this.placed.of(dataset, nothingHeld(key), (id, rows) => rows.read(id, key).held),
    isCovered: (dataset: DatasetName, key: RecordKey) => this.unplaced.top(dataset, key) !== undefined,
  }
}

const heldIn = (rows: readonly HeldRow[]): Held[] => rows.map(({ held }) => held)
