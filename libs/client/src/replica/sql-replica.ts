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
import type { Edit, Group } from '../journal/entry.js'
import { placedValue, type Held } from '../merge/held.js'
import { standingOf } from '../merge/standing.js'
import { Foreseen, type AnswerEntry } from './foreseen.js'
import { clashOf, pendingList, pendingOf } from './pending-list.js'
import { PlacedState } from './placed-state.js'
import type {
  Adoption,
  Applied,
  Clash,
  DatasetReader,
  DatasetStanding,
  Greeting,
  Pending,
  Replica,
  Shown,
  Ticket,
  Usage,
} from './replica.js'
import { ShownBefore } from './shown-before.js'
import { ShownUsage } from './shown-usage.js'
import { SqlReader } from './sql-reader.js'
import { changedSince, seenIn } from './taken-over.js'
import { eachEdit, Unplaced, type Decision } from './unplaced.js'

/**
 * A replica in sql.js; `Replica` says what it promises. `PlacedState` holds what follows from the journal and nothing
 * else. What is on its way into it lies above: the server's word in `Foreseen`, and on top of that the app's edits in `Unplaced`.
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

  readonly #unplaced = new Unplaced()
  readonly #foreseen = new Foreseen()
  #usages: ShownUsage

  private constructor(
    private readonly sql: SqlJsStatic,
    private placed: PlacedState,
  ) {
    this.#usages = new ShownUsage(placed)
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

  adoption(store: string): Adoption | null {
    return this.placed.store.adopted.find((one) => one.store === store) ?? null
  }

  show(group: Group): Readonly<{ ticket: Ticket; shown: readonly Shown[] }> {
    const before = new ShownBefore()
    for (const entry of group) {
      if (entry.kind === 'adopt' && this.adoption(entry.store) !== null) continue
      if (entry.kind === 'answer') this.#foresee(entry, before)
      eachEdit(entry, (dataset, edit) => {
        const shown = 'kind' in edit ? this.#decided(edit) : edit
        if (shown === null) return
        before.note(dataset, shown.key, this.#shownValue(dataset, shown.key))
        this.#unplaced.push(dataset, shown, entry)
      })
    }
    return { ticket: { group }, shown: this.#changed(before) }
  }

  /** Takes back what was shown. A ticket may be put together of several: it names their groups' entries. */
  hide({ group }: Ticket): readonly Shown[] {
    return this.#changed(this.#takeOff(group))
  }

  apply(place: number, group: Group, ticket?: Ticket): Applied {
    const { settled, turned } = this.placed.apply(place, group)
    const before = this.#takeOff(ticket?.group ?? [])
    for (const { dataset, key, was } of turned) {
      // What was foreseen did not know of this.
      const foreseen = this.#foreseen.get(dataset, key)
      if (foreseen !== undefined) this.#foreseen.drop(dataset, key)
      // What the app did lies above a key and hides what the journal makes of it.
      if (this.#unplaced.top(dataset, key) === undefined) before.note(dataset, key, foreseen ? foreseen.value : was)
    }
    return { shown: this.#changed(before), settled }
  }

  /** Takes over a later state from a snapshot, as when the groups that led to it are gone. What lies above it stays. */
  become(bytes: Uint8Array): Applied {
    const next = PlacedState.restored(this.sql, bytes)
    const before = seenIn(this)
    this.placed.close()
    this.placed = next
    this.#foreseen.clear()
    this.#usages = new ShownUsage(next)
    for (const dataset of this.#unplaced.datasets()) {
      for (const key of this.#unplaced.of(dataset)!.keys()) {
        const value = placedValue(next.keysOf(dataset).get(key))
        this.#usages.turned(dataset, key, value, this.#shownValue(dataset, key))
      }
    }
    return changedSince(before, this)
  }

  reader(dataset: DatasetName): DatasetReader {
    return new SqlReader(dataset, {
      unplaced: this.#unplaced,
      foreseen: this.#foreseen,
      placed: () => this.placed,
      sizeOf: () => this.#usages.dataset(dataset).records,
    })
  }

  baseOf(dataset: DatasetName, key: RecordKey): SyncCount {
    return this.#foreseen.get(dataset, key)?.count ?? countOf(this.placed.keysOf(dataset).get(key))
  }

  datasets(): readonly DatasetName[] {
    return [...new Set([...this.placed.datasets.keys(), ...this.#unplaced.datasets()])].sort(byCodePoint)
  }

  standing(dataset: DatasetName): DatasetStanding {
    const { epoch, since } = this.placed.datasets.get(dataset) ?? { epoch: 0, since: NEVER_SYNCED }
    return { epoch, since }
  }

  sendable(dataset: DatasetName): readonly Pending[] {
    const moment = { complete: this.standing(dataset).epoch !== 0 }
    const maySend = ({ pending, flown, record }: Held): boolean =>
      pending!.parked === null && flown === null && standingOf(pending!, record, moment) === 'sendable'
    const waiting = this.placed.keysOf(dataset).pending(maySend)
    return waiting.map(({ key, pending }) => pendingOf(key, pending!))
  }

  pending(dataset: DatasetName): readonly (Pending & Readonly<{ sent: boolean }>)[] {
    return pendingList(this.placed.keysOf(dataset), this.#unplaced.of(dataset))
  }

  clashes(dataset: DatasetName): readonly Clash[] {
    return this.placed.keysOf(dataset).clashes().map(clashOf)
  }

  flight(dataset: DatasetName): NumberedBatch | null {
    const number = this.placed.datasets.get(dataset)?.flight ?? null
    return number === null ? null : { number, patches: this.placed.keysOf(dataset).patches() }
  }

  usage(dataset: DatasetName): Usage {
    return this.#usages.dataset(dataset)
  }

  identityUsage(): Readonly<{ datasets: number; bytes: number }> {
    const { datasets, bytes } = this.#usages.all
    let empty = 0
    for (const { name, existing } of this.placed.datasets.values()) {
      if (existing && this.#usages.dataset(name).records === 0) empty++
    }
    return { datasets: datasets + empty, bytes }
  }

  snapshot(): Uint8Array {
    return this.placed.snapshot()
  }

  close(): void {
    this.placed.close()
  }

  /** Shows what an answer will make of keys that no edit of the app's covers. */
  #foresee(entry: AnswerEntry, before: ShownBefore): void {
    const { dataset } = entry
    for (const { key, held } of this.placed.foresee(entry)) {
      if (this.#unplaced.top(dataset, key) !== undefined) continue
      before.note(dataset, key, this.#shownValue(dataset, key))
      this.#foreseen.put(entry, { key, value: placedValue(held), count: countOf(held) })
    }
  }

  /** Takes off what the entries show; answers what their keys showed with them. */
  #takeOff(group: Group): ShownBefore {
    const before = new ShownBefore()
    for (const entry of group) {
      if (entry.kind === 'answer') {
        const { dataset } = entry
        for (const foreseen of this.#foreseen.take(entry)) {
          const { value } = this.#unplaced.top(dataset, foreseen.key) ?? foreseen
          before.note(dataset, foreseen.key, value)
        }
      }
      eachEdit(entry, (dataset, { key }) => {
        const above = this.#unplaced.top(dataset, key)
        if (above !== undefined) before.note(dataset, key, above.value)
      })
    }
    const entries = new Set(group)
    for (const [dataset, values] of before.byDataset) {
      for (const key of values.keys()) this.#unplaced.drop(dataset, key, entries)
    }
    return before
  }

  #changed(before: ShownBefore): Shown[] {
    return before.changed(
      (dataset, key) => this.#shownValue(dataset, key),
      (dataset, key, was, is) => this.#usages.turned(dataset, key, was, is),
    )
  }

  /** The value of a key as it is shown now. */
  #shownValue(dataset: DatasetName, key: RecordKey): string | null {
    const above = this.#unplaced.top(dataset, key)
    if (above !== undefined) return above.value
    const foreseen = this.#foreseen.get(dataset, key)
    return foreseen === undefined ? placedValue(this.placed.keysOf(dataset).get(key)) : foreseen.value
  }

  /** What a decision shows before it is placed, as if it were applied to the present state; null for nothing. */
  #decided({ dataset, key, over, edit }: Decision): Edit | null {
    const { pending, flown, record } = this.placed.keysOf(dataset).get(key)
    // A newer edit than the one that was looked at stays.
    if (pending?.place !== over || this.#unplaced.top(dataset, key) !== undefined) return null
    return edit ?? { key, value: (flown ?? record)?.value ?? null, base: pending.base, at: pending.at }
  }
}

const countOf = ({ record }: Held): SyncCount => record?.count ?? NEVER_SYNCED
