import type { SyncCount } from '@satchel/protocol'
import type { PlacedOutboxRow } from '../../domain/outbox-row.js'
import type { ChangeLog, DatasetCursor } from '../../store/change-log.js'
import type { Republished } from './repair.js'
import { Republisher, type RepublishParts } from './republish.js'

/** Rows held at once; payloads have 8 MiB at most. */
const PAGE = 32

export type Replayed = Republished &
  Readonly<{
    /** The count that publishing began with; null where the change log has nothing from the one asked for on. */
    from: SyncCount | null
    /** False where changes from the count asked for on are no longer in the change log. */
    complete: boolean
  }>

/** Publishes a dataset's changes from a count on again, as far back as the change log reaches (V74). */
export async function replay(
  { log, ...parts }: RepublishParts & Readonly<{ log: ChangeLog }>,
  { dataset, from }: Readonly<{ dataset: DatasetCursor; from: SyncCount }>,
): Promise<Replayed> {
  const republisher = new Republisher(parts)
  let first: PlacedOutboxRow | null = null
  try {
    for await (const row of rowsFrom(log, dataset, from)) {
      first ??= row
      await republisher.add(row)
    }
    await republisher.end()
  } finally {
    republisher.close()
  }
  const { published, tooLarge } = republisher
  return { published, tooLarge, from: first?.syncCount ?? null, complete: first !== null && first.previous < from }
}

/** Where counts came twice, a page may end between two rows of one count. */
async function* rowsFrom(log: ChangeLog, dataset: DatasetCursor, from: SyncCount): AsyncGenerator<PlacedOutboxRow> {
  let next = from
  let seen = new Set<number>()
  for (;;) {
    const page = await log.rowsOf(dataset, { from: next, limit: PAGE })
    const fresh = page.filter(({ seq }) => !seen.has(seq))
    yield* fresh
    const last = page.at(-1)
    if (last === undefined || fresh.length === 0 || page.length < PAGE) return
    next = last.syncCount
    seen = new Set(page.filter(({ syncCount }) => syncCount === next).map(({ seq }) => seq))
  }
}
