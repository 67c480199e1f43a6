import type { SigningKeyStore, StoredSigningKey } from '../../signing-key-store.js'
import type { PostgresDatabase } from './postgres-database.js'
import { prepared } from './prepared.js'

/** Keeps signing keys in PostgreSQL. */
export class PostgresSigningKeyStore implements SigningKeyStore {
  constructor(private readonly database: PostgresDatabase) {}

  list(): Promise<readonly StoredSigningKey[]> {
    return this.database.query(LIST)
  }

  addFirst({ kid, publicJwk, closedPrivateKey, createdAt }: StoredSigningKey): Promise<readonly StoredSigningKey[]> {
    return this.database.transaction(async (transaction) => {
      await transaction.run(LOCK)
      await transaction.run(ADD_FIRST, [kid, publicJwk, closedPrivateKey, createdAt])
      return transaction.query<StoredSigningKey>(LIST)
    })
  }
}

const LIST =
  prepared(`SELECT kid, public_jwk AS "publicJwk", closed_private_key AS "closedPrivateKey", created_at AS "createdAt"
  FROM signing_key ORDER BY created_at, kid`)

const LOCK = prepared('LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE')

const ADD_FIRST = prepared(`INSERT INTO signing_key (kid, public_jwk, closed_private_key, created_at)
  SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT 1 FROM signing_key)`)
