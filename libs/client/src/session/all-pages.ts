import type { Changes, DatasetExchange, DeviceId } from '@satchel/protocol'
import type { Line } from './line.js'
import { verdictOn } from './verdict.js'

/** Pages of one answer; a listing that needs more is asked for anew. */
const PAGES_MAX = 1_000

/**
 * Fetches what follows the first page of an answer and puts all of it together, so that a dataset moves on whole (NE6); null where
 * the pages do not fit together and are to be asked for from the beginning. Rejects with the fault of a connection that is lost.
 */
export async function allPages(
  begun: Changes,
  {
    asked,
    device,
    line,
    proceeds,
  }: Readonly<{ asked: DatasetExchange; device: DeviceId; line: Line; proceeds: () => boolean }>,
): Promise<Changes | null> {
  const records = [...begun.records]
  let last = begun
  for (let pages = 1; last.next !== null; pages++) {
    if (pages >= PAGES_MAX || !proceeds()) return null
    try {
      const further = { ...asked, page: last.next, batch: null }
      const answer = await line.sync({ device, datasets: [further] })
      const next = answer.datasets[0]?.changes ?? null
      if (next === null || next.epoch !== begun.epoch || next.snapshot !== begun.snapshot) return null
      for (const record of next.records) records.push(record)
      last = next
    } catch (fault) {
      if (verdictOn(fault) !== 'message') throw fault
      return null
    }
  }
  return { ...last, records }
}
