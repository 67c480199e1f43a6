import type { IdentityPoolId } from '@satchel/protocol'
import type { StoredPool } from '../../../domain/identity-pool.js'
import type { SyncSettings } from '../../../domain/sync-settings.js'
import { streamTargetFromJson, syncSettingsFromJson } from '../../pool-json.js'
import type { PoolStore, StreamingPool } from '../../pool-store.js'
import { POOL_COLUMNS, poolOf, type PoolRow } from '../pool-row.js'
import type { Transaction } from './connections.js'
import { prepared } from './prepared.js'

/** What of pools is read. */
export class PostgresPoolReads implements Pick<PoolStore, 'find' | 'list' | 'syncSettings' | 'streaming'> {
  constructor(private readonly reads: Pick<Transaction, 'query'>) {}

  async find(pool: IdentityPoolId): Promise<StoredPool | null> {
    return (await this.reads.query<PoolRow>(FIND, [pool])).map(poolOf)[0] ?? null
  }

  async list({ after, limit }: Readonly<{ after: string; limit: number }>): Promise<readonly StoredPool[]> {
    return (await this.reads.query<PoolRow>(LIST, [after, limit])).map(poolOf)
  }

  async syncSettings(pool: IdentityPoolId): Promise<SyncSettings | null> {
    const [row] = await this.reads.query<{ json: string }>(SYNC_SETTINGS, [pool])
    return row === undefined ? null : syncSettingsFromJson(row.json)
  }

  async streaming(): Promise<readonly StreamingPool[]> {
    const rows = await this.reads.query<{ pool: IdentityPoolId; target: string }>(STREAMING)
    return rows.map(({ pool, target }) => ({ pool, streamName: streamTargetFromJson(target).streamName }))
  }
}

const FIND = prepared(`SELECT ${POOL_COLUMNS} FROM identity_pool WHERE pool_id = $1`)
const LIST = prepared(`SELECT ${POOL_COLUMNS} FROM identity_pool WHERE pool_id > $1 ORDER BY pool_id LIMIT $2`)
const SYNC_SETTINGS = prepared('SELECT sync_settings AS json FROM identity_pool WHERE pool_id = $1')
const STREAMING = prepared(`SELECT pool_id AS pool, stream_target AS target FROM identity_pool
  WHERE stream_target IS NOT NULL ORDER BY pool_id`)
