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
}>

/** Seals a page for one dataset. */
export function closePage(seal: Seal, path: DatasetPath, { since, through, after, remaining }: RecordPage): string {
  return seal.close('page', contextOf(path), JSON.stringify([since, through, after.syncCount, after.key, remaining]))
}

/** The page, or null for a token that was not made here for this dataset. */
export function openPage(seal: Seal, path: DatasetPath, token: string): RecordPage | null {
  const text = seal.open('page', contextOf(path), token)
  if (text === null) return null
  const [since, through, syncCount, key, remaining] = JSON.parse(text) as [
    SyncCount,
    SyncCount,
    SyncCount,
    RecordKey,
    number,
  ]
  return { since, through, after: { syncCount, key }, remaining }
}

const contextOf = ({ pool, identity, dataset }: DatasetPath): string[] => ['records', pool, identity, dataset]
