import type { Ask } from '../schema-standing.js'

/** Rejects with a sentence where the large tables are in another number of parts than is wanted; null wants none in particular. */
export async function refuseOtherPartitions(ask: Ask, wanted: number | null): Promise<void> {
  if (wanted === null) return
  const [found] = (await ask(PARTITIONS)) as { count: number }[]
  if (found!.count === wanted) return
  throw new Error(
    `SATCHEL_DATABASE_PARTITIONS is ${wanted}, and the tables of this database were made with ${found!.count}; ` +
      'it can only be chosen for a new database',
  )
}

const PARTITIONS = `SELECT count(*)::int AS count FROM pg_inherits WHERE inhparent = 'record'::regclass`
