import { Column, Entity, PrimaryColumn } from '../typeorm.js'

@Entity('identity')
export class IdentityEntity {
  @PrimaryColumn({ name: 'identity_id', type: 'text' })
  identityId!: string

  @Column({ name: 'pool_id', type: 'text' })
  poolId!: string

  @Column({ name: 'created_at', type: 'integer' })
  createdAt!: number

  @Column({ name: 'modified_at', type: 'integer' })
  modifiedAt!: number

  /** Set when the identity was merged away or switched off; it is never used again. */
  @Column({ name: 'disabled_at', type: 'integer', nullable: true })
  disabledAt!: number | null
}
