import type { AnsweredBatch, SentBatch } from './client-process.js'
import { DatasetHistory } from './dataset-history.js'
import type { Patch } from './wire-client.js'

type Entry = { readonly patches: readonly Patch[]; readonly text: string; count: number | null }

/**
 * Every batch that devices sent, over all their lives, and what they were told became of it; and the proof that each was
 * applied once at most: a number always names the same patches and always gets the same count, and a dataset has
 * no count that was told to nobody (see `DatasetHistory`).
 */
export class BatchLedger {
  readonly histories = new Map<string, DatasetHistory>()
  readonly faults: string[] = []
  readonly seen = { batches: 0, repeated: 0, accepted: 0, acceptedAgain: 0, conflicts: 0 }
  private readonly entries = new Map<string, Entry>()

  sent({ device, dataset, number, patches }: SentBatch): void {
    const name = nameOf({ device, dataset, number })
    const text = JSON.stringify(patches)
    const known = this.entries.get(name)
    if (known === undefined) this.seen.batches++
    else this.seen.repeated++
    if (known !== undefined && known.text !== text) this.faults.push(`${name} was sent with other patches`)
    this.entries.set(name, { text, patches: patches.map(asAws), count: known?.count ?? null })
  }

  answered({ device, dataset, number, outcome }: AnsweredBatch): void {
    const name = nameOf({ device, dataset, number })
    const entry = this.entries.get(name)
    if (entry === undefined) return void this.faults.push(`${name} was answered and never sent`)
    switch (outcome.outcome) {
      case 'accepted':
        return this.accepted(name, entry, { dataset, count: outcome.syncCount })
      case 'conflict':
        this.seen.conflicts++
        if (entry.count !== null) this.faults.push(`${name} was accepted at ${entry.count} and conflicts now`)
        return
      case 'number-used':
      case 'refused':
        this.faults.push(`${name} was answered with ${JSON.stringify(outcome)}`)
    }
  }

  private accepted(name: string, entry: Entry, { dataset, count }: { dataset: string; count: number }): void {
    if (entry.count === null) this.seen.accepted++
    else this.seen.acceptedAgain++
    if (entry.count !== null && entry.count !== count) {
      this.faults.push(`${name} was accepted at ${entry.count} and again at ${count}`)
    }
    entry.count = count
    const history = this.histories.get(dataset) ?? new DatasetHistory()
    this.histories.set(dataset, history)
    try {
      history.accepted(count, entry.patches)
    } catch (fault) {
      this.faults.push(`${dataset}: ${(fault as Error).message}`)
    }
  }
}

const nameOf = ({ device, dataset, number }: Pick<SentBatch, 'device' | 'dataset' | 'number'>): string =>
  `batch ${number} of device ${device} for ${dataset}`

const asAws = (patch: SentBatch['patches'][number]): Patch =>
  patch.op === 'remove'
    ? { Op: 'remove', Key: patch.key, SyncCount: patch.base }
    : { Op: 'replace', Key: patch.key, Value: patch.value, SyncCount: patch.base }
