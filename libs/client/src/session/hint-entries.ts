import type { Changed, DatasetName, SyncCount } from '@satchel/protocol'
import type { Entry } from '../journal/entry.js'
import type { DatasetStanding } from '../replica/replica.js'

/**
 * What a standing makes of hints in the order in which they came: entries for those that continue it, and whether the server has to
 * be asked about the rest.
 */
export function hintEntries(
  dataset: DatasetName,
  standing: DatasetStanding,
  hints: readonly Changed[],
): Readonly<{ entries: readonly Entry[]; ask: boolean }> {
  const entries: Entry[] = []
  let since: SyncCount = standing.since
  for (const { epoch, base, through, records } of hints) {
    if (epoch === standing.epoch && through <= since) continue
    if (epoch !== standing.epoch || base !== since || records === null) return { entries, ask: true }
    const changes = { epoch, exists: true, snapshot: false, through, records, next: null }
    entries.push({ kind: 'answer', dataset, batch: null, changes })
    since = through
  }
  return { entries, ask: false }
}
