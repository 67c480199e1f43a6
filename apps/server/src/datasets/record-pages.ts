import type { DatasetPath, SyncCount } from '@satchel/protocol'
import type { Seal } from '../access/seal.js'
import type { DatasetStore, Listing } from '../store/dataset-store.js'
import { closePage, openPage, type RecordPage } from './record-page.js'

/** A piece of a listing, and the count of the snapshot that it is part of. */
export type PageRead = Listing & Readonly<{ through: SyncCount }>

/** Reads a dataset's changes page by page as one snapshot, for both faces (R5, R6). */
export class RecordPages {
  constructor(private readonly deps: Readonly<{ store: Pick<DatasetStore, 'list'>; seal: Seal }>) {}

  /** The page that a token names, or null for a token that was not made here for this dataset. */
  open(path: DatasetPath, token: string): RecordPage | null {
    return openPage(this.deps.seal, path, token)
  }

  /** Begins a snapshot at the present count. */
  async first(path: DatasetPath, since: SyncCount, limit: number): Promise<PageRead> {
    const after = { syncCount: since, key: null }
    const listing = await this.deps.store.list(path, { after, through: null, limit })
    return { ...listing, through: listing.dataset.syncCount }
  }

  /**
   * Goes on with a snapshot. If a record that was still to come has been written since, the snapshot can no longer be
   * served whole; the listing then moves to the present count, and its pages together show the dataset
   * at that one (R6).
   */
  async after(path: DatasetPath, page: RecordPage, limit: number): Promise<PageRead> {
    const { after, through } = page
    const listing = await this.deps.store.list(path, { after, through, limit })
    if (listing.records.length + listing.remaining === page.remaining) return { ...listing, through }
    const present = await this.deps.store.list(path, { after, through: null, limit })
    return { ...present, through: present.dataset.syncCount }
  }

  /** The token of the page that follows; null when there is none. */
  next(path: DatasetPath, since: SyncCount, read: PageRead): string | null {
    const after = read.records.at(-1)
    if (read.remaining === 0 || after === undefined) return null
    const { through, remaining } = read
    const { collectedThrough } = read.dataset
    return closePage(this.deps.seal, path, { since, through, after, remaining, collectedThrough })
  }
}
