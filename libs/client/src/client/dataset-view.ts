import { byCodePoint, type DatasetName, type RecordKey } from '@satchel/protocol'
import type {
  Choice,
  Conflict,
  Dataset,
  DatasetChange,
  DatasetUsage,
  Edits,
  KeyListener,
  ParkedEdit,
  PendingEdit,
  Unsubscribe,
  Write,
} from '../api.js'
import type { Edit, Entry } from '../journal/entry.js'
import type { Clash, DatasetReader, Replica } from '../replica/replica.js'
import { checkedEdits } from './checked-edit.js'
import { sidesOf } from './conflict-sides.js'
import { Listeners } from './listeners.js'

/** What a dataset asks of the client that it belongs to. */
export interface DatasetHost {
  readonly replica: Replica
  now(): number
  /** Shows and journals entries that touch these keys of the dataset. */
  write(dataset: DatasetName, keys: Iterable<RecordKey>, entries: readonly Entry[]): Write
  fault(fault: Error): void
}

/** A dataset as the app holds it; the same one for as long as its client is open, whoever signs in meanwhile. */
export class DatasetView implements Dataset {
  #reader: DatasetReader
  readonly #listeners: Listeners<DatasetChange>
  readonly #keyListeners = new Map<string, Listeners<[string | undefined, DatasetChange]>>()

  constructor(
    readonly name: DatasetName,
    private readonly host: DatasetHost,
  ) {
    this.#reader = host.replica.reader(name)
    this.#listeners = new Listeners((fault) => host.fault(fault))
  }

  get(key: string): string | undefined {
    return this.#reader.get(key)
  }

  entries(): [key: string, value: string][] {
    return this.#reader.entries()
  }

  get size(): number {
    return this.#reader.size
  }

  put(key: string, value: string): Write {
    return this.edit([[key, value]])
  }

  remove(key: string): Write {
    return this.edit([[key, null]])
  }

  edit(edits: Edits): Write {
    const { name, host } = this
    const { replica } = host
    const checked = checkedEdits(edits, {
      limits: replica.greeting.limits,
      usage: replica.usage(name),
      identityUsage: replica.identityUsage(),
      valueOf: (key) => this.#reader.get(key),
    })
    const at = host.now()
    const made: Edit[] = []
    for (const [key, value] of checked) made.push({ key, value, base: replica.baseOf(name, key), at })
    return host.write(name, checked.keys(), [{ kind: 'edit', dataset: name, edits: made }])
  }

  subscribe(listener: (change: DatasetChange) => void): Unsubscribe
  subscribe(key: string, listener: KeyListener): Unsubscribe
  subscribe(what: string | ((change: DatasetChange) => void), listener?: KeyListener): Unsubscribe {
    if (typeof what !== 'string') return this.#listeners.add(what)
    const ofKey = this.#keyListeners.get(what) ?? new Listeners((fault: Error) => this.host.fault(fault))
    this.#keyListeners.set(what, ofKey)
    const end = ofKey.add(([value, change]) => listener!(value, change))
    return () => {
      end()
      if (ofKey.size === 0 && this.#keyListeners.get(what) === ofKey) this.#keyListeners.delete(what)
    }
  }

  pending(): readonly PendingEdit[] {
    return this.host.replica
      .pending(this.name)
      .filter(({ parked }) => parked === null)
      .map(({ key, value, at, sent }) => ({ key, value, at, sent }))
  }

  conflicts(): readonly Conflict[] {
    return this.host.replica
      .clashes(this.name)
      .map((clash) => ({ ...sidesOf(this.name, clash), resolve: (choice) => this.#settle(clash, choice) }))
  }

  parked(): readonly ParkedEdit[] {
    return this.host.replica.pending(this.name).flatMap(({ key, value, at, sent, place, base, parked }) => {
      if (parked === null) return []
      const over = { kind: 'settle', dataset: this.name, key, over: place } as const
      return {
        ...{ key, value, at, sent, ...parked },
        discard: () => this.host.write(this.name, [key], [{ ...over, edit: null }]),
        retry: () => this.host.write(this.name, [key], [{ ...over, edit: { key, value, base, at } }]),
      }
    })
  }

  usage(): DatasetUsage {
    const { recordsPerDatasetMax, bytesPerDatasetMax } = this.host.replica.greeting.limits
    return { ...this.host.replica.usage(this.name), recordsMax: recordsPerDatasetMax, bytesMax: bytesPerDatasetMax }
  }

  get syncCount(): number {
    return this.host.replica.standing(this.name).since
  }

  /** Keys whose shown value changed. */
  changed(keys: readonly string[], by: DatasetChange['by']): void {
    const change = { dataset: this.name, keys, by }
    this.#listeners.tell(change)
    if (this.#keyListeners.size === 0) return
    for (const key of keys) this.#keyListeners.get(key)?.tell([this.get(key), change])
  }

  /** The client has another store now; tells what is shown differently in it. */
  moved(): void {
    const before = new Map(this.#reader.entries())
    this.#reader = this.host.replica.reader(this.name)
    const after = new Map(this.#reader.entries())
    const keys = [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key))
    if (keys.length > 0) this.changed(keys.sort(byCodePoint), 'server')
  }

  #settle({ pending, remote }: Clash, choice: Choice): Write {
    const { key, place } = pending
    const edit = choice === 'remote' ? null : { ...pendingEdit(pending, choice), base: remote.syncCount }
    return this.host.write(this.name, [key], [{ kind: 'settle', dataset: this.name, key, over: place, edit }])
  }
}

const pendingEdit = ({ key, value, at }: Clash['pending'], choice: 'local' | Readonly<{ value: string | null }>) => ({
  key,
  value: choice === 'local' ? value : choice.value,
  at,
})
