import type { PlacedOutboxRow } from '../../../domain/outbox-row.js'
import { datasetKey } from '../../../domain/working-set.js'
import type { ChangeLog, DatasetCursor, StreamedDataset } from '../../../store/change-log.js'

/** A change log that a test may alter as it likes, also as no server would. */
export class MemoryChangeLog implements ChangeLog {
  readonly datasets = new Map<string, StreamedDataset>()
  held: PlacedOutboxRow[] = []
  readonly unpublished = new Set<number>()
  /** Rows of a page, where that is fewer than asked for. */
  pageMax = Infinity
  /** What happens behind each page. */
  afterPage: () => void = () => undefined

  streamedDatasets(
    page: Readonly<{ after: DatasetCursor | null; limit: number }>,
  ): Promise<readonly StreamedDataset[]> {
    const after = page.after === null ? '' : datasetKey(page.after)
    const keys = [...this.datasets.keys()].filter((key) => key > after).sort()
    return Promise.resolve(keys.slice(0, page.limit).map((key) => this.datasets.get(key)!))
  }

  newestSeq(): Promise<number> {
    return Promise.resolve(this.held.reduce((newest, { seq }) => Math.max(newest, seq), 0))
  }

  rows({ after, limit }: Readonly<{ after: number; limit: number }>): Promise<readonly PlacedOutboxRow[]> {
    const rows = this.held.filter(({ seq }) => seq > after).sort((a, b) => a.seq - b.seq)
    const page = rows.slice(0, Math.min(limit, this.pageMax))
    this.afterPage()
    return Promise.resolve(page)
  }

  rowsOf(
    dataset: DatasetCursor,
    { from, limit }: Readonly<{ from: number; limit: number }>,
  ): Promise<readonly PlacedOutboxRow[]> {
    const rows = this.held.filter(
      (row) => row.type === 'change' && datasetKey(row) === datasetKey(dataset) && row.syncCount >= from,
    )
    return Promise.resolve(rows.sort((a, b) => a.syncCount - b.syncCount).slice(0, limit))
  }

  unpublishedSeqs({ after, limit }: Readonly<{ after: number; limit: number }>): Promise<readonly number[]> {
    const seqs = [...this.unpublished].filter((seq) => seq > after).sort((a, b) => a - b)
    return Promise.resolve(seqs.slice(0, limit))
  }
}
