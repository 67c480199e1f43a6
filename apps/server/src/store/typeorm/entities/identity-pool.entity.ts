import { Column, Entity, PrimaryColumn } from '../typeorm.js'

@Entity('identity_pool')
export class IdentityPoolEntity {
  @PrimaryColumn({ name: 'pool_id', type: 'text' })
  poolId!: string

  @Column({ type: 'text' })
  name!: string

  /** The pool as its owner configured it, JSON. */
  @Column({ type: 'text' })
  settings!: string

  /** Roles and role mappings, JSON. */
  @Column({ type: 'text' })
  roles!: string

  /** Push, stream and event settings of the sync store, JSON. */
  @Column({ name: 'sync_settings', type: 'text' })
  syncSettings!: string

  /** JSON of a `StreamTarget`; null while the stream is not enabled. */
  @Column({ name: 'stream_target', type: 'text', nullable: true })
  streamTarget!: string | null

  @Column({ name: 'created_at', type: 'integer' })
  createdAt!: number

  @Column({ name: 'modified_at', type: 'integer' })
  modifiedAt!: number
}
