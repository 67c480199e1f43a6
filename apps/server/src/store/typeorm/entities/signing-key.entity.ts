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

  /** Null as older versions leave it: it has signed ever since. */
  @Column({ name: 'signs_from', type: 'integer', nullable: true })
  signsFrom!: number | null

  /** Fingerprint of a master key; null, like the column below, as older versions leave it. */
  @Column({ name: 'closed_under', type: 'text', nullable: true })
  closedUnder!: string | null

  @Column({ name: 'closed_at', type: 'integer', nullable: true })
  closedAt!: number | null
}
