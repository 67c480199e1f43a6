import { Column, Entity, PrimaryColumn } from '../typeorm.js'

/** A user of a provider, owned by one identity of a pool. */
@Entity('login')
export class LoginEntity {
  @PrimaryColumn({ name: 'pool_id', type: 'text' })
  poolId!: string

  @PrimaryColumn({ type: 'text' })
  provider!: string

  @PrimaryColumn({ name: 'user_id', type: 'text' })
  userId!: string

  @Column({ name: 'identity_id', type: 'text' })
  identityId!: string

  @Column({ name: 'created_at', type: 'integer' })
  createdAt!: number
}
