import type { DatasetPath, RecordKey, SyncCount } from '@satchel/protocol'
import type { Seal } from '../access/seal.js'

/** Where a listing of records goes on: kept by the client between two pages, sealed. */
export type RecordPage = Readonly<{
  /** What the reader had seen when the listing began. */
  since: SyncCount
  /** The snapshot's count. */
  through: SyncCount
  /** The last record of the page before. */
  after: Readonly<{ syncCount: SyncCount; key: RecordKey }>
  /** Records that the snapshot still held after it. */
  remaining: number
  /** How far the dataset's tombstones were collected then. */
  collectedThrough: SyncCount
}>

/** Seals a page for one dataset. */
export function closePage(seal: Seal, path: DatasetPath, page: RecordPage): string {
  const { since, through, after, remaining, collectedThrough } = page
  const members = [since, through, after.syncCount, after.key, remaining, collectedThrough]
  return seal.close('page', contextOf(path), JSON.stringify(members))
}

/** The page, or null for a token that was not made here for this dataset. */
export function openPage(seal: Seal, path: DatasetPath, token: string): RecordPage | null {
  const text = seal.open('page', contextOf(path), token)
  if (text === null) return null
  const [since, through, syncCount, key, remaining, collectedThrough] = JSON.parse(text) as [
    SyncCount,
    SyncCount,
    SyncCount,
    RecordKey,
    number,
    SyncCount,
  ]
  return { since, through, after: { syncCount, key }, remaining, collectedThrough }
}

const contextOf = ({ pool, identity, dataset }: DatasetPath): string[] => ['records', pool, identity, dataset]
