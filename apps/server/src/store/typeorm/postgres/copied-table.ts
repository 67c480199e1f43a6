/** A table that is copied, by the names of its columns in both databases. */
export type CopiedTable = Readonly<{ name: string; columns: readonly Column[] }>

type Column = Readonly<{ name: string; type: 'text' | 'bigint' | 'int' | 'boolean' | 'double precision' }>

const TYPES = { t: 'text', n: 'bigint', i: 'int', b: 'boolean', d: 'double precision' } as const

/** Columns as `name:type`, the type by its letter; `t` where there is none. */
function table(name: string, columns: string): CopiedTable {
  return {
    name,
    columns: columns.split(' ').map((column) => {
      const [called, letter = 't'] = column.split(':')
      return { name: called!, type: TYPES[letter as keyof typeof TYPES] }
    }),
  }
}

/** Everything that a site keeps, but the list of its migrations, what it says to servers of other versions, and table `history`, which has one row. */
export const COPIED_TABLES: readonly CopiedTable[] = [
  table('identity_pool', 'pool_id name settings roles sync_settings stream_target created_at:n modified_at:n'),
  table('identity', 'identity_id pool_id created_at:n modified_at:n disabled_at:n'),
  table('login', 'pool_id provider user_id identity_id created_at:n'),
  table('doomed_identity', 'identity_id pool_id doomed_at:n'),
  table('doomed_pool', 'pool_id doomed_at:n'),
  table(
    'dataset',
    'identity_id name exists:b sync_count:n deleted_at_count:n collected_through:n epoch:n record_count:n bytes:n created_at:n modified_at:n ' +
      'modified_by streamed_epoch:n streamed_count:n stream_begun:n',
  ),
  table('record', 'identity_id dataset key sync_count:n modified_at:n modified_by device_modified_at:d value'),
  table(
    'batch_marker',
    'identity_id marker_id dataset batch_number:n batch_hash sync_count:n accepted_at:n accepted_by',
  ),
  table('pool_usage', 'pool_id lane datasets:n records:n bytes:n sync_sessions:n modified_at:n'),
  table('signing_key', 'kid public_jwk closed_private_key created_at:n signs_from:n closed_under closed_at:n'),
  table(
    'outbox',
    'shard:i seq:n id aggregatetype aggregateid type partition:i pool_id dataset epoch:n sync_count:n previous_epoch:n previous_count:n created_at:n payload',
  ),
  table('outbox_unpublished', 'shard:i stream_name seq:n'),
  table('outbox_linked', 'id created_at:n records'),
  table('stream_lease', 'name holder epoch:n until:n'),
  table('stream_park', 'stream_name reason parked_at:n'),
  table(
    'bulk_publish',
    'pool_id status started_at:n completed_at:n failure after_identity after_dataset datasets:n complete:b first_seq:n last_seq:n',
  ),
]

/** The statement that reads all of a table, columns in their order, in either database. */
export const readOf = ({ name, columns }: CopiedTable): string =>
  `SELECT ${columns.map((column) => `"${column.name}"`).join(', ')} FROM ${name}`

/** The statement that adds rows to a table in PostgreSQL, a list per column. */
export function insertOf({ name, columns }: CopiedTable): string {
  const lists = columns.map(({ type }, index) => `$${index + 1}::${type}[]`)
  return `INSERT INTO ${name} (${columns.map((column) => `"${column.name}"`).join(', ')}) SELECT * FROM unnest(${lists.join(', ')})`
}
