import type { IdentityPoolId } from '@satchel/protocol'
import type { QueryRunner } from 'typeorm'
import type { StoredPool } from '../../domain/identity-pool.js'
import type { SyncSettings } from '../../domain/sync-settings.js'
import { streamTargetFromJson, syncSettingsFromJson } from '../pool-json.js'
import type { PoolStore, StreamingPool } from '../pool-store.js'
import { IdentityPoolEntity } from './entities/identity-pool.entity.js'
import { POOL_COLUMNS, poolOf, type PoolRow } from './pool-row.js'
import { MoreThan } from './typeorm.js'

/** What of pools is read, through a connection that sees committed data only. */
export class SqlitePoolReads implements Pick<PoolStore, 'find' | 'list' | 'syncSettings' | 'streaming'> {
  constructor(private readonly reads: QueryRunner) {}

  async find(pool: IdentityPoolId): Promise<StoredPool | null> {
    // Asked on every call for an identity, so it goes around the query builder.
    const [row] = (await this.reads.query(FIND, [pool])) as PoolRow[]
    return row === undefined ? null : poolOf(row)
  }

  async list({ after, limit }: Readonly<{ after: string; limit: number }>): Promise<readonly StoredPool[]> {
    const rows = await this.reads.manager.find(IdentityPoolEntity, {
      where: { poolId: MoreThan(after) },
      order: { poolId: 'ASC' },
      take: limit,
    })
    return rows.map(poolOf)
  }

  async syncSettings(pool: IdentityPoolId): Promise<SyncSettings | null> {
    const row = await this.reads.manager.findOneBy(IdentityPoolEntity, { poolId: pool })
    return row === null ? null : syncSettingsFromJson(row.syncSettings)
  }

  async streaming(): Promise<readonly StreamingPool[]> {
    const rows = (await this.reads.query(STREAMING)) as { pool: IdentityPoolId; streamTarget: string }[]
    return rows.map(({ pool, streamTarget }) => ({ pool, streamName: streamTargetFromJson(streamTarget).streamName }))
  }
}

const FIND = `SELECT ${POOL_COLUMNS} FROM identity_pool WHERE pool_id = ?`

const STREAMING = `SELECT pool_id AS pool, stream_target AS streamTarget FROM identity_pool
  WHERE stream_target IS NOT NULL ORDER BY pool_id`
