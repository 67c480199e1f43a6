import type { Lease, LeaseStore } from '../lease-store.js'
import type { Statements } from './statements.js'

/** See {@link LeaseStore.take}; in the caller's transaction. */
export function takeLeases(
  statements: Statements,
  { names, holder, now, until }: Parameters<LeaseStore['take']>[0],
): readonly Lease[] {
  for (const name of names) statements.run(TAKE, [name, holder, until, now, now, holder])
  return statements.all<Lease>(HELD, [JSON.stringify(names), holder])
}

/** See {@link LeaseStore.release}; in the caller's transaction. */
export function releaseLeases(statements: Statements, holder: string): void {
  statements.run('UPDATE stream_lease SET until = 0 WHERE holder = ?', [holder])
}

// A lease that has not ended is prolonged for its holder, in its epoch, and left alone for anybody else.
const TAKE = `INSERT INTO stream_lease (name, holder, epoch, until) VALUES (?, ?, 1, ?)
  ON CONFLICT (name) DO UPDATE SET epoch = epoch + (until <= ?), holder = excluded.holder, until = excluded.until
  WHERE until <= ? OR holder = ?`

const HELD = `SELECT l.name, l.holder, l.epoch, l.until FROM json_each(?) AS wanted
  CROSS JOIN stream_lease AS l ON l.name = wanted.value WHERE l.holder = ? ORDER BY wanted.key`
