import type { Edit, Entry, PlacedGroup } from '../../../libs/client/src/journal/entry.js'
import type { JournaledEdit } from '../checkers/check-intent.js'
import type { DiskWatch } from './sim-disk.js'
import type { Situations } from './situations.js'
import { offsetOf } from './sql-once.js'

type Standing = { number: number; keys: Set<string> } | null

/** Reads along what one device keeps in its journals: the second witness beside the server's log. */
export class JournalWatch {
  /** Every name under which this device numbered its batches. */
  readonly writers = new Set<string>()
  /** Edits by dataset, key and value. */
  readonly edits = new Map<string, Omit<JournaledEdit, 'identity'>>()
  /** Values that somebody chose in a conflict, and values that lost one, by dataset, key and value. */
  readonly chosen = new Set<string>()
  readonly overruled = new Set<string>()

  constructor(
    readonly device: string,
    private readonly situations: Situations,
    private readonly trace: (text: string) => void,
  ) {}

  /** Reads along with one store of the device. */
  ofStore(store: string): DiskWatch & Readonly<{ flightsOut(): number }> {
    // By the places that entries name.
    const groups = new Map<number, PlacedGroup>()
    let offset = 0
    const flights = new Map<string, Standing>()
    const pending = new Map<string, string | null>()
    const newest = new Map<string, string | null>()
    return {
      kept: (placed) => {
        // After an eviction the journal's places may begin anew, and those that entries name go on: by how much says the snapshot
        // with which a lost journal begins.
        if (placed.place === 1) offset = 0
        this.trace(`${this.device} ${store} ${placed.place} ${JSON.stringify(placed.group)}`)
        if (placed.group.length > 0) groups.set(placed.place + offset, placed)
        for (const entry of placed.group) this.read(entry, { groups, flights, pending, newest })
      },
      compacted: (snapshot) => {
        offset = offsetOf(snapshot)
        this.situations.count('compaction')
      },
      refusedAsFull: () => this.situations.count('disk full'),
      flightsOut: () => [...flights.values()].filter((flight) => flight !== null).length,
    }
  }

  /** True if the newest removal of the key was made by a tab that had seen no record of it. */
  sawNothing(dataset: string, key: string): boolean {
    return this.edits.get(JSON.stringify([dataset, key, null]))?.base === 0
  }

  private read(
    entry: Entry,
    store: Readonly<{
      groups: Map<number, PlacedGroup>
      flights: Map<string, Standing>
      pending: Map<string, string | null>
      newest: Map<string, string | null>
    }>,
  ): void {
    const { groups, flights, pending, newest } = store
    switch (entry.kind) {
      case 'device':
        this.writers.add(entry.device)
        return
      case 'edit':
        for (const edit of entry.edits) {
          if (flights.get(entry.dataset)?.keys.has(edit.key) === true) this.situations.count('edit of a key in flight')
          pending.set(nameOf(entry.dataset, edit.key), edit.value)
          newest.set(nameOf(entry.dataset, edit.key), edit.value)
          this.remember(entry.dataset, edit)
        }
        return
      case 'batch':
        flights.set(entry.dataset, { number: entry.number, keys: new Set(entry.keys) })
        for (const key of entry.keys) pending.delete(nameOf(entry.dataset, key))
        return
      case 'answer': {
        const { batch, changes } = entry
        if (batch !== null) {
          flights.set(entry.dataset, null)
          if (batch.outcome.outcome === 'number-used') this.situations.count('number used')
        }
        for (const record of changes?.records ?? []) {
          const value = pending.get(nameOf(entry.dataset, record.key))
          if (value !== undefined && value === record.value && !this.writers.has(record.modifiedBy)) {
            this.situations.count('equal values adopted')
          }
        }
        return
      }
      case 'settle': {
        this.situations.count('conflict resolved')
        const name = nameOf(entry.dataset, entry.key)
        const found = editAt(groups.get(entry.over), entry.dataset, entry.key)
        const before = found === undefined ? newest.get(name) : found.value
        if (before !== undefined && before !== entry.edit?.value) {
          this.overruled.add(JSON.stringify([entry.dataset, entry.key, before]))
        }
        if (entry.edit === null) pending.delete(name)
        else {
          pending.set(name, entry.edit.value)
          this.chosen.add(JSON.stringify([entry.dataset, entry.key, entry.edit.value]))
          this.remember(entry.dataset, entry.edit)
        }
        return
      }
      case 'park':
        this.situations.count('edit parked')
        return
      case 'adopt':
        this.situations.count('guest brought along')
        for (const { dataset, edits } of entry.datasets) for (const edit of edits) this.remember(dataset, edit)
        return
      case 'open':
      case 'greeted':
        return
    }
  }

  private remember(dataset: string, { key, value, base }: Edit): void {
    const name = JSON.stringify([dataset, key, value])
    // A value that is written again was seen with what is there now.
    this.edits.set(name, { device: this.device, dataset, key, value, base })
  }
}

const nameOf = (dataset: string, key: string): string => JSON.stringify([dataset, key])

/** What a group left pending of a key. */
function editAt(placed: PlacedGroup | undefined, dataset: string, key: string): Edit | undefined {
  let found: Edit | undefined
  for (const entry of placed?.group ?? []) {
    if (entry.kind === 'edit' && entry.dataset === dataset)
      found = entry.edits.find((edit) => edit.key === key) ?? found
    // A decision names an edit of an earlier group, so behind another one of its own it decides nothing (ND8).
    if (entry.kind === 'settle' && entry.dataset === dataset && entry.key === key) found ??= entry.edit ?? undefined
    if (entry.kind !== 'adopt') continue
    for (const adopted of entry.datasets) {
      if (adopted.dataset === dataset) found = adopted.edits.find((edit) => edit.key === key) ?? found
    }
  }
  return found
}
