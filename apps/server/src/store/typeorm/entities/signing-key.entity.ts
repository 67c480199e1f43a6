import { Column, Entity, PrimaryColumn } from '../typeorm.js'

@Entity('signing_key')
export class SigningKeyEntity {
  @PrimaryColumn({ type: 'text' })
  kid!: string

  /** JWK, JSON. */
  @Column({ name: 'public_jwk', type: 'text' })
  publicJwk!: string

  /** Encrypted under the master key. */
  @Column({ name: 'closed_private_key', type: 'text' })
  closedPrivateKey!: string

  @Column({ name: 'created_at', type: 'integer' })
  createdAt!: number
}
