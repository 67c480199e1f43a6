import type { PlacedOutboxRow } from '../../domain/outbox-row.js'
import type { ChangeLog, DatasetCursor, StreamedDataset } from '../../store/change-log.js'

const PAGE = 1_000

/** Payloads held at once; a single one may be larger. */
const PAGE_BYTES_MAX = 16 * 1_048_576

/** Every dataset that ever streamed. */
export async function* streamedDatasets(log: ChangeLog): AsyncGenerator<StreamedDataset> {
  let after: DatasetCursor | null = null
  for (;;) {
    const page: readonly StreamedDataset[] = await log.streamedDatasets({ after, limit: PAGE })
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    after = { identity: last.identity, dataset: last.dataset }
  }
}

/**
 * The rows of the change log by place, up to the newest that was there when the reading began, and all that was committed by then. Of each dataset they are a
 * piece without gaps, although transactions commit in another order than that of their places: a change takes its place only once the one before it is
 * committed, so one that is placed up to there has all its predecessors in the pages.
 */
export async function* logRows(log: Pick<ChangeLog, 'newestSeq' | 'rows'>): AsyncGenerator<readonly PlacedOutboxRow[]> {
  const newest = await log.newestSeq()
  for (let after = 0; after < newest;) {
    const page = await log.rows({ after, limit: PAGE, bytesMax: PAGE_BYTES_MAX })
    const last = page.at(-1)
    if (last === undefined) return
    yield last.seq <= newest ? page : page.filter(({ seq }) => seq <= newest)
    after = last.seq
  }
}

/** Which rows of a page are not published; read behind the page, so what is missing then was published. */
export async function waitingOf(log: ChangeLog, page: readonly PlacedOutboxRow[]): Promise<ReadonlySet<number>> {
  const first = page[0]?.seq ?? 0
  const last = page.at(-1)?.seq ?? 0
  const waiting = new Set<number>()
  for (let after = first - 1; after < last;) {
    const seqs = await log.unpublishedSeqs({ after, limit: PAGE })
    for (const seq of seqs) if (seq <= last) waiting.add(seq)
    after = seqs.at(-1) ?? last
  }
  return waiting
}
