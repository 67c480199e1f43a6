import type { DatasetName, RecordKey } from '@satchel/protocol'
import type { Choice, ConflictPolicy, Resolver } from '../api.js'
import { sidesOf } from '../client/conflict-sides.js'
import type { Entry } from '../journal/entry.js'
import type { Clash, Replica } from '../replica/replica.js'
import { decideClash, editOf } from './decide-clash.js'

/**
 * Has clashes decided by each dataset's policy. A resolver is asked once about the same two sides, outside of any lock: how long it
 * takes, and whether it fails, is nobody else's business. What it leaves undecided stays for the app.
 */
export class ClashResolution {
  /** What was asked about each key: place of the edit and count of the record. Holds clashing keys only. */
  readonly #asked = new Map<DatasetName, Map<RecordKey, string>>()

  constructor(
    private readonly deps: Readonly<{
      replica: Replica
      policyOf: (dataset: DatasetName) => ConflictPolicy
      now: () => number
      settle: (entries: readonly Entry[]) => void
      onDeferred: (dataset: DatasetName, key: RecordKey) => void
      onFault: (fault: Error) => void
    }>,
  ) {}

  /** Decides what clashes in the dataset now, at once or as resolvers answer. */
  look(dataset: DatasetName): void {
    const clashes = this.deps.replica.clashes(dataset)
    const before = this.#asked.get(dataset)
    if (clashes.length === 0 && before === undefined) return
    const asked = new Map<RecordKey, string>()
    this.#asked.set(dataset, asked)
    if (clashes.length === 0) this.#asked.delete(dataset)
    const policy = this.deps.policyOf(dataset)
    const settled: Entry[] = []
    for (const clash of clashes) {
      if (clash.pending.parked !== null) continue
      const sides = sidesId(clash)
      const { key } = clash.pending
      asked.set(key, sides)
      if (before?.get(key) === sides) continue
      if (typeof policy === 'function') void this.#ask(dataset, clash, policy)
      else settled.push(this.#settling(dataset, clash, decideClash(policy, clash)))
    }
    if (settled.length > 0) this.deps.settle(settled)
  }

  /** Asks again about everything, as after the journal could not take what was decided. */
  forget(): void {
    this.#asked.clear()
  }

  async #ask(dataset: DatasetName, clash: Clash, resolver: Resolver): Promise<void> {
    try {
      const choice = await resolver(sidesOf(dataset, clash))
      // Meanwhile another edit, or another tab, may have changed a side; the journal judges that by the edit's place, and the
      // record's count is judged here.
      const present = this.#asked.get(dataset)?.get(clash.pending.key)
      if (present !== sidesId(clash)) return
      if (choice === 'defer') this.deps.onDeferred(dataset, clash.pending.key)
      else this.deps.settle([this.#settling(dataset, clash, choice)])
    } catch (fault) {
      this.deps.onFault(new Error(`the resolver of dataset "${dataset}" failed; the conflict stays`, { cause: fault }))
      this.deps.onDeferred(dataset, clash.pending.key)
    }
  }

  #settling(dataset: DatasetName, clash: Clash, choice: Choice): Entry {
    const { key, place } = clash.pending
    return { kind: 'settle', dataset, key, over: place, edit: editOf(choice, clash, this.deps.now()) }
  }
}

const sidesId = ({ pending, remote }: Clash): string => `${pending.place} ${remote.syncCount}`
