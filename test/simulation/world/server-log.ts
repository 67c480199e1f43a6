import type { DatasetWrite, WriteOutcome } from '../../../apps/server/src/domain/dataset-write.js'
import type { Commit, LogEntry } from '../history.js'

/** What the server did to its datasets, and what a restore of a backup made undone. */
export class ServerLog {
  entries: LogEntry[] = []
  /** Commits that a restored backup does not know of. */
  readonly undone: LogEntry[] = []

  /** Takes in what one transaction did. */
  committed(writes: readonly DatasetWrite[], outcomes: readonly WriteOutcome[]): void {
    writes.forEach((write, index) => {
      const commit = commitOf(write, outcomes[index]!)
      if (commit !== null) this.entries.push(commit)
    })
  }

  /** The server was restored to what it was after so many entries. */
  rewind(length: number): void {
    this.undone.push(...this.entries.slice(length))
    // A new list, so that whoever reads along begins anew.
    this.entries = this.entries.slice(0, length)
  }
}

function commitOf(write: DatasetWrite, outcome: WriteOutcome): Commit | null {
  const { identity, dataset } = write.path
  const common = { identity, dataset, at: write.at, by: write.by }
  if (outcome.kind === 'deleted') {
    const { syncCount, epoch } = outcome.dataset
    return { ...common, kind: 'delete', epoch, count: syncCount, batch: null, patches: [] }
  }
  if (outcome.kind !== 'accepted' || write.kind !== 'update') return null
  const { syncCount, epoch } = outcome.dataset
  return {
    ...common,
    kind: 'update',
    epoch,
    count: syncCount,
    batch: `${write.origin.id} ${write.origin.number}`,
    patches: write.batch,
  }
}
