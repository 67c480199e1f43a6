import type { ChangeLog } from '../../store/change-log.js'
import type { AuditResult } from './findings.js'
import { placeKey } from './known-dataset.js'
import { logRows } from './log-rows.js'
import { Republisher, type RepublishParts } from './republish.js'

/** What a repair, or a replay, published. */
export type Republished = Readonly<{ published: number; tooLarge: number }>

/**
 * Publishes again what the change log has of every dataset that lacks changes, from the first of them on to the newest, in order: so a reader that stopped at the gap
 * goes on, and one that did not passes over what it knows (V73). Rejects when the log cannot be read or a topic not be written.
 */
export async function repair(
  { log, ...parts }: RepublishParts & Readonly<{ log: ChangeLog }>,
  { lacking }: Pick<AuditResult, 'lacking'>,
): Promise<Republished> {
  const republisher = new Republisher(parts)
  try {
    for await (const page of logRows(log)) {
      for (const row of page) if (lacking.get(placeKey(row))?.covers(row) === true) await republisher.add(row)
    }
    await republisher.end()
  } finally {
    republisher.close()
  }
  return { published: republisher.published, tooLarge: republisher.tooLarge }
}
