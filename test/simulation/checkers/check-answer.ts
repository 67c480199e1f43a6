import type { Changes, DatasetExchange, SyncCount, SyncRecord } from '@satchel/protocol'
import type { LogEntry, Violation } from '../history.js'

type Row = Readonly<{ count: number; value: string | null }>

/** What every key of a dataset was at every count, as the log tells it. */
class Chains {
  readonly byKey = new Map<string, Row[]>()
  deletedAt = 0

  take(entry: LogEntry): void {
    if (entry.kind === 'collected') {
      // Who asks from before gets a snapshot, and in that tombstones mean nothing.
      for (const key of entry.keys) this.byKey.delete(key)
    } else if (entry.kind === 'delete') {
      this.deletedAt = entry.count
      this.byKey.clear()
    } else {
      for (const patch of entry.patches) {
        const row = { count: entry.count, value: patch.op === 'replace' ? patch.value : null }
        this.byKey.set(patch.key, [...(this.byKey.get(patch.key) ?? []), row])
      }
    }
  }

  at(through: number): Map<string, Row> {
    const rows = [...this.byKey].flatMap(([key, chain]) => {
      const row = chain.findLast(({ count }) => count <= through)
      return row === undefined ? [] : [[key, row] as const]
    })
    return new Map(rows)
  }
}

/** Holds every answer of the server against its log: a device is told all of a moment, and nothing else (I7, I10). */
export class AnswerCheck {
  private chains = new Map<string, Chains>()
  private read = 0
  private followed: readonly LogEntry[] = []

  constructor(private readonly entries: () => readonly LogEntry[]) {}

  check(identity: string, asked: DatasetExchange, changes: Changes, own: SyncCount | null): readonly Violation[] {
    this.catchUp()
    // Pages are whole only together.
    if (asked.page !== null || changes.next !== null || !changes.exists) return []
    const chains = this.chains.get(`${identity}\n${asked.dataset}`) ?? new Chains()
    // A deletion has come in between the reading and now; what was read is history.
    if (changes.through < chains.deletedAt) return []
    const at = chains.at(changes.through)
    const from = changes.snapshot ? 0 : asked.since
    const due = new Map([...at].filter(([, { count, value }]) => count > from && (!changes.snapshot || value !== null)))
    const told = new Map(
      changes.records.filter(({ value }) => !changes.snapshot || value !== null).map((record) => [record.key, record]),
    )
    return differences(due, told, own).map((difference) => ({
      checker: 'answer',
      message: `${asked.dataset} since ${asked.since} through ${changes.through}: ${difference}`,
    }))
  }

  private catchUp(): void {
    const entries = this.entries()
    if (entries !== this.followed) {
      this.followed = entries
      this.chains = new Map()
      this.read = 0
    }
    for (; this.read < entries.length; this.read++) {
      const entry = entries[this.read]!
      const path = `${entry.identity}\n${entry.dataset}`
      const chains = this.chains.get(path) ?? new Chains()
      this.chains.set(path, chains)
      chains.take(entry)
    }
  }
}

function differences(
  due: ReadonlyMap<string, Row>,
  told: ReadonlyMap<string, SyncRecord>,
  own: SyncCount | null,
): string[] {
  const faults: string[] = []
  for (const [key, { count, value }] of due) {
    const record = told.get(key)
    if (record === undefined) {
      if (count !== own) faults.push(`${JSON.stringify(key)} at ${count} is left out`)
    } else if (record.syncCount !== count || record.value !== value) {
      faults.push(`${JSON.stringify(key)} is told as of ${record.syncCount}, not ${count}`)
    }
  }
  for (const key of told.keys()) if (!due.has(key)) faults.push(`${JSON.stringify(key)} was not due`)
  return faults
}
