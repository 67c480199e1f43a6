import { IdentityEntity } from './identity.entity.js'
import { IdentityPoolEntity } from './identity-pool.entity.js'
import { LoginEntity } from './login.entity.js'
import { SigningKeyEntity } from './signing-key.entity.js'

/** The tables that are read and written through TypeORM's repositories; hot paths use plain SQL. */
export const entities = [IdentityEntity, IdentityPoolEntity, LoginEntity, SigningKeyEntity]
