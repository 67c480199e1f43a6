import { byCodePoint, byteSize, type SyncCount } from '@satchel/protocol'
import type { PlacedOutboxRow } from '../../domain/outbox-row.js'
import type { ChangeLog, DatasetCursor, LogPage, StreamedDataset } from '../change-log.js'
import type { MemoryDatabase } from './memory-database.js'

/** The change log in memory. */
export class MemoryChangeLog implements ChangeLog {
  constructor(private readonly database: MemoryDatabase) {}

  streamedDatasets({
    after,
    limit,
  }: Readonly<{ after: DatasetCursor | null; limit: number }>): Promise<readonly StreamedDataset[]> {
    const streamed = [...this.database.identities]
      .flatMap(([identity, { pool }]) =>
        [...(this.database.datasets.get(identity)?.values() ?? [])].map(
          ({ name: dataset, epoch, syncCount, streamedEpoch, streamedThrough, streamBegun }) => ({
            pool,
            identity,
            dataset,
            epoch,
            syncCount,
            streamedEpoch,
            streamedThrough,
            streamBegun,
          }),
        ),
      )
      .filter((dataset) => dataset.streamedThrough > 0 && (after === null || byPlace(dataset, after) > 0))
      .sort(byPlace)
    return Promise.resolve(streamed.slice(0, limit))
  }

  newestSeq(): Promise<number> {
    return Promise.resolve([...this.database.outbox.values()].reduce((newest, { seq }) => Math.max(newest, seq), 0))
  }

  rows({ after, limit, bytesMax = Number.MAX_SAFE_INTEGER }: LogPage): Promise<readonly PlacedOutboxRow[]> {
    let bytes = 0
    const fits = ({ payload }: PlacedOutboxRow, place: number) =>
      (bytes += byteSize(payload)) <= bytesMax || place === 0
    const rows = [...this.database.outbox.values()].filter(({ seq }) => seq > after).slice(0, limit)
    return Promise.resolve(rows.filter(fits))
  }

  rowsOf(
    { identity, dataset }: DatasetCursor,
    { from, limit }: Readonly<{ from: SyncCount; limit: number }>,
  ): Promise<readonly PlacedOutboxRow[]> {
    const rows = [...this.database.outbox.values()]
      .filter((row) => row.identity === identity && row.dataset === dataset)
      .filter((row) => row.type === 'change' && row.syncCount >= from)
      .sort((a, b) => a.syncCount - b.syncCount || a.seq - b.seq)
    return Promise.resolve(rows.slice(0, limit))
  }

  unpublishedSeqs({ after, limit }: Readonly<{ after: number; limit: number }>): Promise<readonly number[]> {
    const waiting = [...this.database.unpublished].filter((seq) => seq > after).sort((a, b) => a - b)
    return Promise.resolve(waiting.slice(0, limit))
  }
}

const byPlace = (a: DatasetCursor, b: DatasetCursor): number =>
  byCodePoint(a.identity, b.identity) || byCodePoint(a.dataset, b.dataset)
