import { NEVER_SYNCED, type Changes, type DatasetPath, type SyncCount } from '@satchel/protocol'
import type { Seal } from '../access/seal.js'
import { catchUpOf, type DeviceStanding } from '../domain/catch-up.js'
import type { Dataset } from '../domain/dataset.js'
import type { WriteOutcome } from '../domain/dataset-write.js'
import { refuse } from '../refusal.js'
import type { DatasetStore } from '../store/dataset-store.js'
import type { AnswerBounds, AnswerRoom } from './answer-room.js'
import { RecordPages, type PageRead } from './record-pages.js'

/** Reads what brings a device from where it stands to where a dataset is (NA6). */
export class ChangeReader {
  private readonly pages: RecordPages

  constructor(
    private readonly deps: Readonly<{ store: Pick<DatasetStore, 'list'>; seal: Seal; bounds: AnswerBounds }>,
  ) {
    this.pages = new RecordPages(deps)
  }

  /**
   * What a device at `standing` has missed, or the first page of it; null when there is no room for it. `held` is the
   * dataset as it was read before. Of a delta, what has the count `own` is left out: the device's own batch wrote it.
   */
  async since(
    path: DatasetPath,
    { standing, held, own }: Readonly<{ standing: DeviceStanding; held: Dataset; own: SyncCount | null }>,
    room: AnswerRoom,
  ): Promise<Changes | null> {
    for (let dataset = held; ;) {
      const { kind } = catchUpOf(dataset, standing)
      if (kind === 'none') return told(dataset, { snapshot: false })
      if (kind === 'gone') return told(dataset, { snapshot: true })
      if (room.isFull) return null
      const since = kind === 'snapshot' ? NEVER_SYNCED : standing.since
      const read = await this.pages.first(path, since, this.deps.bounds.recordsPerPageMax)
      // A deletion, a new beginning or a collection may have come between the two readings.
      if (catchUpOf(read.dataset, standing).kind === kind) return this.page(path, { since, read, own, room })
      dataset = read.dataset
    }
  }

  /**
   * Goes on after a page; null when there is no room. Refuses with InvalidParameter a token that was not made here for
   * this dataset, and one whose listing has no continuation: the dataset was deleted since, or tombstones were collected that the
   * device has not seen.
   */
  async goOn(path: DatasetPath, token: string, room: AnswerRoom): Promise<Changes | null> {
    const page = this.pages.open(path, token)
    if (page === null)
      return refuse('InvalidParameter', `the page of dataset "${path.dataset}" is not one of its pages`)
    if (room.isFull) return null
    const read = await this.pages.after(path, page, this.deps.bounds.recordsPerPageMax)
    const { exists, deletedAt, collectedThrough } = read.dataset
    if (!exists || deletedAt > page.through || collectedThrough !== page.collectedThrough) {
      const fault = 'has lost records since the page before was read'
      return refuse('InvalidParameter', `dataset "${path.dataset}" ${fault}; begin again without a page`)
    }
    return this.page(path, { since: page.since, read, own: null, room })
  }

  private page(
    path: DatasetPath,
    { since, read, own, room }: Readonly<{ since: SyncCount; read: PageRead; own: SyncCount | null; room: AnswerRoom }>,
  ): Changes {
    const snapshot = since === NEVER_SYNCED
    const records = room.take(read.records)
    const remaining = read.remaining + read.records.length - records.length
    return {
      ...told(read.dataset, { snapshot }),
      through: read.through,
      // A snapshot is always whole: what is not in it is gone for the device that takes it.
      records: snapshot || own === null ? records : records.filter(({ syncCount }) => syncCount !== own),
      next: this.pages.next(path, since, { ...read, records, remaining }),
    }
  }
}

/**
 * What follows from a device's own batch alone, so that the usual exchange reads nothing: the device had seen
 * everything before its batch. Null where the store has to be read.
 */
export function changesOfOwn(outcome: WriteOutcome, { epoch, since }: DeviceStanding): Changes | null {
  if (outcome.kind !== 'accepted') return null
  const { dataset } = outcome
  return epoch === dataset.epoch && since === dataset.syncCount - 1 ? told(dataset, { snapshot: false }) : null
}

const told = ({ epoch, exists, syncCount }: Dataset, { snapshot }: Readonly<{ snapshot: boolean }>): Changes => ({
  epoch,
  exists,
  snapshot,
  through: syncCount,
  records: [],
  next: null,
})
