import Database from 'better-sqlite3'
import { standing } from './standing.js'

/** Per-day activity in an SQLite file, together with how far each dataset was counted. */
export class Activity {
  constructor(file) {
    this.db = new Database(file)
    this.db.pragma('journal_mode = WAL')
    this.db.exec(`
      CREATE TABLE IF NOT EXISTS position (
        identity TEXT, dataset TEXT, epoch INTEGER NOT NULL, sync_count INTEGER NOT NULL,
        PRIMARY KEY (identity, dataset)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS active (
        day TEXT, dataset TEXT, identity TEXT, changes INTEGER NOT NULL, keys INTEGER NOT NULL,
        PRIMARY KEY (day, dataset, identity)) WITHOUT ROWID;
      CREATE VIEW IF NOT EXISTS activity AS
        SELECT day, dataset, sum(changes) AS changes, sum(keys) AS keys, count(*) AS identities
          FROM active GROUP BY day, dataset ORDER BY day, dataset;`)
    this.find = this.db.prepare(
      'SELECT epoch, sync_count AS syncCount FROM position WHERE identity = ? AND dataset = ?',
    )
    this.move = this.db.prepare('REPLACE INTO position VALUES (?, ?, ?, ?)')
    this.count = this.db.prepare(
      `INSERT INTO active VALUES (?, ?, ?, 1, ?) ON CONFLICT DO UPDATE SET changes = changes + 1, keys = keys + excluded.keys`,
    )
  }

  /**
   * Counts the changes whose turn it is, and moves on, in one transaction: whenever the process is killed, both are done or neither. Answers how many were
   * taken and how many were taken before, and the changes in front of which one is missing. `begun`: takes a dataset it knows nothing of as it comes, because
   * the topic no longer has its beginning.
   */
  take(changes, { begun = false } = {}) {
    const told = { taken: 0, repeated: 0, ahead: [] }
    this.db.transaction(() => {
      for (const change of changes) {
        const { day, dataset, identity, epoch, syncCount, records } = change
        const last = this.find.get(identity, dataset) ?? null
        const stands = last === null && begun ? 'next' : standing(last, change)
        if (stands === 'ahead') told.ahead.push(change)
        if (stands === 'repeated') told.repeated += 1
        if (stands !== 'next') continue
        this.count.run(day, dataset, identity, records?.length ?? 0)
        this.move.run(identity, dataset, epoch, syncCount)
        told.taken += 1
      }
    })()
    return told
  }

  rows() {
    return this.db.prepare('SELECT * FROM activity').all()
  }

  close() {
    this.db.close()
  }
}
