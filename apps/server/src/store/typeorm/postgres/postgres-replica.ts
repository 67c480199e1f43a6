import type { DatasetPath } from '@satchel/protocol'
import type { Clock } from '../../../runtime/clock.js'
import type { ListingSource } from '../../connection-figures.js'
import type { ListRequest, Listing } from '../../dataset-store.js'
import { DATASET_COLUMNS, type DatasetRow } from '../dataset-row.js'
import { Connections, type ConnectionOptions, type Transaction } from './connections.js'
import { endOfMerged, readListingWithin } from './listing-statements.js'
import type { Statements } from './postgres-database.js'
import { prepared } from './prepared.js'
import { ReplicaCircuit } from './replica-circuit.js'

/** Proving that a listing is fresh costs about as much as reading so many records. */
const RECORDS_MIN = 200

/** Longest that the primary's turn is put off. */
const ANSWER_MS_MAX = 1_000
const STATEMENT_MS_MAX = 2_000

/** What the primary says of a dataset, and of itself. */
type Head = DatasetRow & Readonly<{ cluster: string; timeline: string | null }>

type Standby = Readonly<{ cluster: string; timeline: string | null }>

/** What it has of the dataset is not, or no longer, what the primary's head says. */
class Differs extends Error {
  constructor(readonly how: 'behind' | 'ahead') {
    super(`the replica is ${how}`)
  }
}
/** It follows another history than the primary's, or none at all. */
class Astray extends Error {}

/**
 * A streaming replica that answers listings of large datasets, where the primary's head of the dataset, read in the same request, proves that it has
 * all that was acknowledged before (PL8). It never has to: whatever is wrong with it, the primary answers (PL9).
 */
export class PostgresReplica {
  private readonly connections: Connections
  private readonly circuit: ReplicaCircuit
  private readonly listings = new Map<ListingSource, number>()

  constructor(
    private readonly primary: Pick<Statements, 'query'>,
    private readonly clock: Clock,
    options: Pick<ConnectionOptions, 'url' | 'max' | 'name'>,
  ) {
    this.connections = new Connections({ ...options, clock, statementMsMax: STATEMENT_MS_MAX })
    this.circuit = new ReplicaCircuit(clock)
  }

  /** The listing, or null where the primary has to read it. Rejects only as the primary does. */
  async list(path: DatasetPath, request: ListRequest): Promise<Listing | null> {
    // What has changed since a count is little most of the time.
    const isWhole = request.after.syncCount === 0 || request.through !== null
    if (!isWhole || request.limit < RECORDS_MIN) return null
    const { inUse, places } = this.connections.figures()
    if (inUse >= places) return this.passOn('busy')
    if (!this.circuit.mayTry()) return this.passOn('away')
    const heads = await this.headsOf(path)
    const own = heads.find(({ name }) => name === path.dataset)
    if (own === undefined || own.recordCount < RECORDS_MIN) {
      this.circuit.went('unasked')
      return this.passOn('small')
    }
    try {
      const listing = await this.within(this.read(path, request, heads))
      this.circuit.went('well')
      this.count('replica')
      return listing
    } catch (cause) {
      const why = cause instanceof Differs ? cause.how : 'away'
      this.circuit.went(why === 'ahead' ? 'well' : why)
      return this.passOn(why)
    }
  }

  /** How many listings of large datasets were answered by what, since the start. */
  figures(): ReadonlyMap<ListingSource, number> {
    return this.listings
  }

  close(): Promise<void> {
    return this.connections.close()
  }

  private async headsOf({ identity, dataset }: DatasetPath): Promise<readonly Head[]> {
    try {
      return await this.primary.query<Head>(HEADS, [identity, dataset, endOfMerged(dataset)])
    } catch (cause) {
      this.circuit.went('unasked')
      throw cause
    }
  }

  private read(path: DatasetPath, request: ListRequest, heads: readonly Head[]): Promise<Listing> {
    return this.connections.pass(() =>
      this.connections.attempt((snapshot: Transaction) => {
        const asked = snapshot.query<Standby>(STANDBY)
        asked.catch(() => {}) // awaited below
        return readListingWithin(snapshot, path, request, async (rows) => {
          refuseAstray(heads[0]!, (await asked)[0]!)
          refuseOther(heads, rows)
        })
      }, SNAPSHOT),
    )
  }

  /** What comes later is of no use any more. */
  private within<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.clock.after(ANSWER_MS_MAX, () => reject(new Error('the replica is slow')))
      work.finally(cancel).then(resolve, reject)
    })
  }

  private passOn(why: ListingSource): null {
    this.count(why)
    return null
  }

  private count(source: ListingSource): void {
    this.listings.set(source, (this.listings.get(source) ?? 0) + 1)
  }
}

/**
 * On one timeline a dataset's counts only go up within an epoch, so that whoever has the count has all that came before it. What a replica shows beyond
 * it, the primary may not show yet, as it waits for other standbys: a later listing would then go back.
 */
function refuseOther(heads: readonly Head[], rows: readonly DatasetRow[]): void {
  const byName = new Map(rows.map((row) => [row.name, row]))
  for (const { name, epoch, syncCount, collectedThrough } of heads) {
    const row = byName.get(name)
    if (row?.epoch === epoch && row.syncCount === syncCount && row.collectedThrough === collectedThrough) continue
    throw new Differs(row?.epoch === epoch && row.syncCount > syncCount ? 'ahead' : 'behind')
  }
}

function refuseAstray(head: Head, { cluster, timeline }: Standby): void {
  if (timeline !== null && timeline === head.timeline && cluster === head.cluster) return
  throw new Astray('the replica does not follow the primary')
}

const SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

// A timeline begins with each promotion, and is the first part of the name of every segment that is written on it.
const HEADS = prepared(`SELECT ${DATASET_COLUMNS}, (SELECT system_identifier::text FROM pg_control_system()) AS cluster,
    (SELECT CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END) AS timeline
  FROM dataset AS d WHERE d.identity_id = $1 AND d.name >= $2 AND d.name < $3 ORDER BY d.name`)

// What was replayed of another timeline may be another history. A server that was promoted is no replica.
const STANDBY = prepared(`SELECT (SELECT system_identifier::text FROM pg_control_system()) AS cluster,
  (SELECT CASE WHEN pg_is_in_recovery() THEN lpad(upper(to_hex(min_recovery_end_timeline)), 8, '0') END FROM pg_control_recovery()) AS timeline`)
