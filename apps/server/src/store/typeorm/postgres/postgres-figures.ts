import type { StoreFigures } from '../../../ops/metrics.js'
import type { Statements } from './postgres-database.js'
import { prepared } from './prepared.js'

/** From so many identities on they are estimated: counting reads each. */
const IDENTITIES_COUNTED_MAX = 100_000

/** What the database holds. Datasets and records are counted as they are written. */
export async function readFigures(database: Pick<Statements, 'query'>): Promise<StoreFigures> {
  const [[written], [estimated]] = await Promise.all([
    database.query<Omit<StoreFigures, 'identities'>>(WRITTEN),
    database.query<{ identities: number }>(ESTIMATED),
  ])
  if (estimated!.identities > IDENTITIES_COUNTED_MAX) return { ...written!, identities: estimated!.identities }
  const [counted] = await database.query<{ identities: number }>(COUNTED, [2 * IDENTITIES_COUNTED_MAX])
  return { ...written!, identities: counted!.identities }
}

const WRITTEN =
  prepared(`SELECT coalesce(sum(datasets), 0)::bigint AS datasets, coalesce(sum(records), 0)::bigint AS records,
  coalesce(sum(bytes), 0)::bigint AS "storedBytes", pg_database_size(current_database()) AS "databaseBytes" FROM pool_usage`)

const ESTIMATED = prepared(`SELECT coalesce(sum(reltuples), 0)::bigint AS identities FROM pg_class
  WHERE reltuples > 0 AND (oid = 'identity'::regclass AND relkind = 'r'
    OR oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'identity'::regclass))`)

const COUNTED = prepared('SELECT count(*) AS identities FROM (SELECT 1 FROM identity LIMIT $1) AS first_ones')
