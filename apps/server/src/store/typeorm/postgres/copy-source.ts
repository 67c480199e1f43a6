import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { takeUnlessTaken } from '../directory-lock.js'
import { migrations } from '../migrations/migrations.js'
import { refuseOtherVersion } from '../refuse-other-version.js'
import { releaseOf } from '../release.js'
import type { SchemaFound } from '../schema-standing.js'
import { COPIED_TABLES, readInOrderOf, type CopiedTable } from './copied-table.js'

/**
 * What is copied: an embedded database as it is at one moment. Where no server runs in its directory none can start before this is closed; otherwise that one
 * goes on meanwhile and waits for nothing, and what it writes stays in the log of the database until this is closed.
 */
export class CopySource {
  private constructor(
    private readonly reader: Database.Database,
    private readonly lock: Database.Database | null,
    /** Rows of all tables together. */
    readonly rows: number,
  ) {}

  /** Rejects with a sentence for one that is not there, or that another version has written. */
  static open(file: string): CopySource {
    if (!existsSync(file)) throw new Error(`there is no database ${file}`)
    const lock = takeUnlessTaken(dirname(file))
    try {
      // What a server that was killed has left in the log is folded in by a connection that may write.
      const reader = new Database(file, { readonly: lock === null })
      try {
        reader.exec('BEGIN')
        const ran = reader.prepare('SELECT name, timestamp FROM migration ORDER BY id').all() as SchemaFound['ran']
        // What a newer version keeps beside what this one knows would be left behind.
        refuseOtherVersion(file, { ran, standing: null }, releaseOf(migrations))
        const count = (table: string) => reader.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number
        return new CopySource(
          reader,
          lock,
          COPIED_TABLES.reduce((sum, { name }) => sum + count(name), 0),
        )
      } catch (cause) {
        reader.close()
        throw cause
      }
    } catch (cause) {
      lock?.close()
      throw cause
    }
  }

  /** Whether nothing can be written to it meanwhile. */
  get isStopped(): boolean {
    return this.lock !== null
  }

  /** The rows of a table in the order of its key. Until all were read nothing else can be asked. */
  rowsOf(table: CopiedTable): IterableIterator<unknown[]> {
    return this.reader.prepare(readInOrderOf(table)).raw().iterate() as IterableIterator<unknown[]>
  }

  epochBase(): number {
    return this.reader.prepare('SELECT epoch_base FROM history').pluck().get() as number
  }

  /** The last place that was given in the outbox; 0 for none. */
  lastSeq(): number {
    const seq = this.reader.prepare(`SELECT seq FROM sqlite_sequence WHERE name = 'outbox'`).pluck().get()
    return (seq as number | undefined) ?? 0
  }

  close(): void {
    this.reader.close()
    this.lock?.close()
  }
}
