import type { DatasetName, RecordKey } from '@satchel/protocol'
import type { Edit, Entry, Group } from '../journal/entry.js'
import type { Replica } from '../replica/replica.js'
import type { DatasetWork } from './dataset-work.js'
import { pickPatches } from './pick-patches.js'

/** What a group that is about to be appended does to one dataset. */
type Touched = { edits: Edit[]; ends: boolean }

/**
 * Numbers batches and puts them into groups. A number is given once, in the order in which groups are put together, so it rises also
 * while a group is not applied yet; a group that could not be appended leaves its numbers out.
 */
export class Batches {
  #lastNumber = 0

  constructor(
    private readonly deps: Readonly<{
      replica: Replica
      workOf: (dataset: DatasetName) => DatasetWork
      /** False while nothing may be sent at all. */
      open: () => boolean
      /** False while the dataset has to wait. */
      mayBatch: (work: DatasetWork) => boolean
    }>,
  ) {}

  /** A new device's numbers begin anew. */
  restart(): void {
    this.#lastNumber = 0
  }

  /** The batch that the dataset's edits make; null where there is nothing to send, or something is on its way. */
  of(dataset: DatasetName, work: DatasetWork): Entry | null {
    const { replica, mayBatch } = this.deps
    return mayBatch(work) ? this.#batch('alone', dataset, work, replica.sendable(dataset)) : null
  }

  /**
   * Batches for what a group edits, or answers, to be appended with it: saving an edit and numbering the batch in which it goes out
   * take one append together (NE3).
   */
  joining(group: Group): Group {
    const { replica, workOf, open, mayBatch } = this.deps
    const touched = new Map<DatasetName, Touched>()
    for (const entry of group) {
      if (!('dataset' in entry)) continue
      const one = touched.get(entry.dataset) ?? { edits: [], ends: false }
      touched.set(entry.dataset, one)
      if (entry.kind === 'edit') one.edits.push(...entry.edits)
      if (entry.kind === 'answer') one.ends = entry.batch?.outcome.outcome === 'accepted'
    }
    const added: Entry[] = []
    for (const [dataset, { edits, ends }] of touched) {
      const work = workOf(dataset)
      // What joined an earlier group is there by now, or nowhere.
      if (work.batching === 'joined') work.batching = null
      const flies = replica.flight(dataset) !== null && !ends
      if (work.batching !== null || flies || !open() || !mayBatch(work) || !(ends || edits.length > 0)) continue
      const byKey = new Map<RecordKey, Pick<Edit, 'key' | 'value'>>()
      for (const edit of replica.sendable(dataset)) byKey.set(edit.key, edit)
      for (const edit of edits) byKey.set(edit.key, edit)
      const batch = this.#batch('joined', dataset, work, byKey.values())
      if (batch !== null) added.push(batch)
    }
    return added
  }

  #batch(
    how: 'alone' | 'joined',
    dataset: DatasetName,
    work: DatasetWork,
    edits: Iterable<Pick<Edit, 'key' | 'value'>>,
  ): Entry | null {
    const keys = pickPatches(edits, work.patchesMax)
    if (keys.length === 0) return null
    work.batching = how
    this.#lastNumber = Math.max(this.#lastNumber + 1, this.deps.replica.nextNumber)
    return { kind: 'batch', dataset, number: this.#lastNumber, keys }
  }
}
