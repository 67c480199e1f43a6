import { NEVER_SYNCED } from '@satchel/protocol'
import type { SqlJsStatic } from 'sql.js'
import type { Entry } from '../journal/entry.js'
import { JournalFault, type Recovered } from '../journal/journal.js'
import { SqlReplica } from '../replica/sql-replica.js'
import type { Replica } from '../replica/replica.js'
import { Arrivals } from './arrivals.js'

export type Opened = Readonly<{
  replica: SqlReplica
  /** What to add to a place of the journal to get the place that the replica knows it by. */
  offset: number
  /** What could not be read, in words. Then the replica holds what could be, and has to ask the server for everything. */
  damage: readonly string[]
}>

/** Makes the replica of what a journal holds. Rejects with a `JournalFault` for a snapshot of a newer format. */
export function openedReplica(sql: SqlJsStatic, { snapshot, groups, damage }: Recovered): Opened {
  const found = damage === null ? [] : [damage]
  const through = snapshot?.through ?? 0
  let replica: SqlReplica | null = null
  if (snapshot !== null) {
    try {
      replica = SqlReplica.restore(sql, snapshot.bytes)
    } catch (fault) {
      if (fault instanceof JournalFault) throw fault
      found.push(`the snapshot through place ${through} cannot be read: ${String(fault)}`)
    }
  }
  // Groups before the snapshot are gone with it; those behind it may still hold edits that nobody else has.
  replica ??= SqlReplica.empty(sql, through)
  const offset = replica.place - through
  const arrivals = new Arrivals({ replica, tell: () => {}, onFault: (fault) => found.push(fault.message) })
  for (const { place, group } of groups) arrivals.take({ place: place + offset, group, own: null })
  return { replica, offset, damage: found }
}

/** Makes datasets ask the server for everything, since what is held may have holes. */
export const startingOver = (replica: Replica): Entry[] =>
  replica.datasets().map((dataset) => ({
    kind: 'answer',
    dataset,
    batch: null,
    changes: { epoch: 0, exists: true, snapshot: false, through: NEVER_SYNCED, records: [], next: null },
  }))
