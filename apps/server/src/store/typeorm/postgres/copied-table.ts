/** A table that is copied, by the names of its columns in both databases. No two rows have the same key in either. */
export type CopiedTable = Readonly<{
  name: string
  key: readonly Column[]
  columns: readonly Column[]
  /** How many are read from PostgreSQL at a time. */
  rowsRead: number
}>

type Column = Readonly<{ name: string; type: 'text' | 'bigint' | 'int' | 'boolean' | 'double precision' }>

const TYPES = { t: 'text', n: 'bigint', i: 'int', b: 'boolean', d: 'double precision' } as const

/** Of rows whose values have a megabyte at most. */
const ROWS_READ = 100
/** Of rows each of which may hold all records of a dataset. */
const DATASETS_READ = 2

/** Columns as `name:type`, the type by its letter; `t` where there is none. Those of the key come first, up to the bar. */
function table(name: string, columns: string, rowsRead = ROWS_READ): CopiedTable {
  const [key, others = []] = columns.split(' | ').map((some) => some.split(' ').map(columnOf))
  return { name, key: key!, columns: [...key!, ...others], rowsRead }
}

function columnOf(column: string): Column {
  const [called, letter = 't'] = column.split(':')
  return { name: called!, type: TYPES[letter as keyof typeof TYPES] }
}

/** Everything that a site keeps, but the list of its migrations, what it says to servers of other versions, and table `history`, which has one row. */
export const COPIED_TABLES: readonly CopiedTable[] = [
  table('identity_pool', 'pool_id | name settings roles sync_settings stream_target created_at:n modified_at:n'),
  table('identity', 'identity_id | pool_id created_at:n modified_at:n disabled_at:n'),
  table('login', 'pool_id provider user_id | identity_id created_at:n'),
  table('doomed_identity', 'identity_id | pool_id doomed_at:n'),
  table('doomed_pool', 'pool_id | doomed_at:n'),
  table(
    'dataset',
    'identity_id name | exists:b sync_count:n deleted_at_count:n collected_through:n epoch:n record_count:n bytes:n created_at:n modified_at:n ' +
      'modified_by streamed_epoch:n streamed_count:n stream_begun:n',
  ),
  table('record', 'identity_id dataset key | sync_count:n modified_at:n modified_by device_modified_at:d value'),
  table(
    'batch_marker',
    'identity_id marker_id | dataset batch_number:n batch_hash sync_count:n accepted_at:n accepted_by',
  ),
  table('pool_usage', 'pool_id lane | datasets:n records:n bytes:n sync_sessions:n modified_at:n'),
  table('signing_key', 'kid | public_jwk closed_private_key created_at:n signs_from:n closed_under closed_at:n'),
  table(
    'outbox',
    'shard:i seq:n | id aggregatetype aggregateid type partition:i pool_id dataset epoch:n sync_count:n previous_epoch:n previous_count:n created_at:n payload',
  ),
  table('outbox_unpublished', 'shard:i stream_name seq:n'),
  table('outbox_linked', 'id | created_at:n records', DATASETS_READ),
  table('stream_lease', 'name | holder epoch:n until:n'),
  table('stream_park', 'stream_name | reason parked_at:n'),
  table(
    'bulk_publish',
    'pool_id | status started_at:n completed_at:n failure after_identity after_dataset datasets:n complete:b first_seq:n last_seq:n',
  ),
]

/** The statement that reads all of a table in whatever order, columns in theirs, in either database. */
export const readOf = ({ name, columns }: CopiedTable): string => `SELECT ${namesOf(columns)} FROM ${name}`

/** As {@link readOf}, in the order of the key, texts by code point. */
export const readInOrderOf = (table: CopiedTable): string => `${readOf(table)} ORDER BY ${namesOf(table.key)}`

/** The statement that reads the first rows of a table in PostgreSQL in that order, or, given a key, the first ones after it. */
export function pageOf(table: CopiedTable, from: 'first' | 'after'): string {
  const places = table.key.map(({ type }, index) => `$${index + 1}::${type}`)
  const after = from === 'after' ? `WHERE (${namesOf(table.key)}) > (${places.join(', ')})` : ''
  return `${readOf(table)} ${after} ORDER BY ${namesOf(table.key)} LIMIT ${table.rowsRead}`
}

/** The statement that puts rows into a table in PostgreSQL, over those of the same key, given a list per column. */
export function writeOf({ name, key, columns }: CopiedTable): string {
  const others = columns.slice(key.length).map((column) => `"${column.name}" = excluded."${column.name}"`)
  return `INSERT INTO ${name} (${namesOf(columns)}) SELECT * FROM ${listsOf(columns)}
    ON CONFLICT (${namesOf(key)}) DO ${others.length === 0 ? 'NOTHING' : `UPDATE SET ${others.join(', ')}`}`
}

/** The statement that removes rows from a table in PostgreSQL, given a list per column of the key. */
export const removeOf = ({ name, key }: CopiedTable): string =>
  `DELETE FROM ${name} USING ${listsOf(key)} AS gone (${namesOf(key)})
    WHERE ${key.map((column) => `${name}."${column.name}" = gone."${column.name}"`).join(' AND ')}`

const namesOf = (columns: readonly Column[]): string => columns.map(({ name }) => `"${name}"`).join(', ')

const listsOf = (columns: readonly Column[]): string =>
  `unnest(${columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ')})`
