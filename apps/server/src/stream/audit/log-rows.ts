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

/** The rows of the change log by place, up to about those written by `until`: a live server goes on writing, and might do so for ever. */
export async function* logRows(log: ChangeLog, until: number): AsyncGenerator<readonly PlacedOutboxRow[]> {
  let after = 0
  for (;;) {
    const page = await log.rows({ after, limit: PAGE, bytesMax: PAGE_BYTES_MAX })
    const last = page.at(-1)
    if (last === undefined) return
    yield page
    if (last.createdAt > until) return
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
