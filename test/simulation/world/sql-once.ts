import initSqlJs, { type SqlJsStatic } from 'sql.js'
import { restoredDatabase } from '../../../libs/client/src/replica/schema.js'
import { readStates } from '../../../libs/client/src/replica/store-state.js'

let loading: Promise<SqlJsStatic> | null = null
let loaded: SqlJsStatic | null = null

/** The real one; loaded once for a whole run, before virtual time begins. */
export const loadSqlOnce = (): Promise<SqlJsStatic> => (loading ??= initSqlJs().then((sql) => (loaded = sql)))

/** What a place of the journal lacks to be the one by which a snapshot's replica knows it: not 0 once a lost journal was written anew. */
export function offsetOf({ through, bytes }: Readonly<{ through: number; bytes: Uint8Array }>): number {
  const database = restoredDatabase(loaded!, bytes)
  try {
    return readStates(database).store.place - through
  } finally {
    database.close()
  }
}
