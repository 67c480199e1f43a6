import type { OutboxStore } from '../store/outbox-store.js'

/** What a link leads to. */
export type LinkedRecordsAnswer =
  /** JSON array of the record objects of Cognito Streams. */
  | Readonly<{ kind: 'found'; records: string }>
  /** The link has expired, or was not made here. */
  | Readonly<{ kind: 'closed' }>
  /** The records are no longer kept. */
  | Readonly<{ kind: 'gone' }>

/** Finds the records of changes that were too large to be published themselves. */
export class LinkedRecords {
  constructor(
    private readonly deps: Readonly<{
      /** The event that a link's token opens now; null for none. Nothing else is asked of whoever has the token (V61). */
      eventOf: (token: string) => string | null
      outbox: Pick<OutboxStore, 'linkedRecords'>
    }>,
  ) {}

  async behind(token: string): Promise<LinkedRecordsAnswer> {
    const event = this.deps.eventOf(token)
    if (event === null) return { kind: 'closed' }
    const records = await this.deps.outbox.linkedRecords(event)
    return records === null ? { kind: 'gone' } : { kind: 'found', records }
  }
}
