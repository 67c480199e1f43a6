import type { Lease, LeaseStore } from '../lease-store.js'
import type { Statements } from './statements.js'

/** See {@link LeaseStore.take}; in the caller's transaction. */
export function takeLeases(
  statements: Statements,
  { names, holder, now, until, most = names.length }: Parameters<LeaseStore['take']>[0],
): readonly Lease[] {
  const wanted = statements.all<{ name: string }>(WANTED, [JSON.stringify(names), now, holder, holder, now, most])
  for (const { name } of wanted) statements.run(TAKE, [name, holder, until, now])
  return statements.all<Lease>(TAKEN, [JSON.stringify(wanted.map(({ name }) => name)), JSON.stringify(names)])
}

/** See {@link LeaseStore.release}; in the caller's transaction. */
export function releaseLeases(
  statements: Statements,
  { holder, names }: Readonly<{ holder: string; names: readonly string[] | null }>,
): void {
  const wanted = names && JSON.stringify(names)
  statements.run(RELEASE, [holder, wanted, wanted])
}

/** The values of {@link HOLDERS}. */
export const holdersValues = ({ names, now }: Parameters<LeaseStore['holders']>[0]) => [JSON.stringify(names), now]

/** Who holds what of these names at a time. */
export const HOLDERS = `SELECT l.name, l.holder FROM json_each(?) AS wanted
  CROSS JOIN stream_lease AS l ON l.name = wanted.value WHERE l.until > ? ORDER BY wanted.key`

// What the holder has first, then what is free.
const WANTED = `SELECT wanted.value AS name FROM json_each(?) AS wanted
  LEFT JOIN stream_lease AS l ON l.name = wanted.value WHERE coalesce(l.until, 0) <= ? OR l.holder = ?
  ORDER BY coalesce(l.holder = ? AND l.until > ?, 0) DESC, wanted.key LIMIT ?`

const TAKE = `INSERT INTO stream_lease (name, holder, epoch, until) VALUES (?, ?, 1, ?)
  ON CONFLICT (name) DO UPDATE SET epoch = epoch + (until <= ?), holder = excluded.holder, until = excluded.until`

const TAKEN = `SELECT l.name, l.holder, l.epoch, l.until FROM json_each(?) AS taken
  CROSS JOIN stream_lease AS l ON l.name = taken.value
  ORDER BY (SELECT wanted.key FROM json_each(?) AS wanted WHERE wanted.value = l.name)`

const RELEASE = `UPDATE stream_lease SET until = 0
  WHERE holder = ? AND (? IS NULL OR name IN (SELECT value FROM json_each(?)))`
