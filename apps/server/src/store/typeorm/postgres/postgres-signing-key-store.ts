import type { ClosedAnew, SigningKeyStore, StoredSigningKey } from '../../signing-key-store.js'
import type { Transaction } from './connections.js'
import type { PostgresDatabase } from './postgres-database.js'
import { prepared } from './prepared.js'

/** Keeps signing keys in PostgreSQL. */
export class PostgresSigningKeyStore implements SigningKeyStore {
  constructor(private readonly database: PostgresDatabase) {}

  list(): Promise<readonly StoredSigningKey[]> {
    return listed(this.database)
  }

  addFirst(key: StoredSigningKey): Promise<readonly StoredSigningKey[]> {
    return this.database.transaction(async (transaction) => {
      await transaction.run(LOCK)
      await transaction.run(ADD_FIRST, valuesOf(key))
      return listed(transaction)
    })
  }

  addNext(key: StoredSigningKey, now: number): Promise<readonly StoredSigningKey[]> {
    return this.database.transaction(async (transaction) => {
      await transaction.run(LOCK)
      await transaction.run(ADD_NEXT, [...valuesOf(key), now])
      return listed(transaction)
    })
  }

  replaceClosed(keys: readonly ClosedAnew[]): Promise<number> {
    return this.database.transaction(async (transaction) => {
      await transaction.run(LOCK)
      let replaced = 0
      for (const { kid, was, closedPrivateKey, closedUnder } of keys) {
        const values = [kid, was, closedPrivateKey, closedUnder.fingerprint, closedUnder.at]
        replaced += await transaction.run(REPLACE_CLOSED, values)
      }
      return replaced
    })
  }

  remove(kids: readonly string[]): Promise<number> {
    return this.database.transaction((transaction) => transaction.run(REMOVE, [kids]))
  }
}

/** A row as `LIST` reads it. */
type Row = Omit<StoredSigningKey, 'closedUnder'> &
  Readonly<{ signsFrom: number | null; fingerprint: string | null; closedAt: number | null }>

async function listed(asked: Pick<Transaction, 'query'>): Promise<readonly StoredSigningKey[]> {
  return (await asked.query<Row>(LIST)).map(({ fingerprint, closedAt, signsFrom, ...key }) => ({
    ...key,
    signsFrom: signsFrom ?? key.createdAt,
    closedUnder: fingerprint === null || closedAt === null ? null : { fingerprint, at: closedAt },
  }))
}

const valuesOf = ({ kid, publicJwk, closedPrivateKey, createdAt, signsFrom, closedUnder }: StoredSigningKey) => [
  kid,
  publicJwk,
  closedPrivateKey,
  createdAt,
  signsFrom,
  closedUnder?.fingerprint ?? null,
  closedUnder?.at ?? null,
]

const LIST =
  prepared(`SELECT kid, public_jwk AS "publicJwk", closed_private_key AS "closedPrivateKey", created_at AS "createdAt",
         signs_from AS "signsFrom", closed_under AS fingerprint, closed_at AS "closedAt"
    FROM signing_key ORDER BY created_at, kid`)

/** Older versions take the same one. */
const LOCK = prepared('LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE')

const INSERT = `INSERT INTO signing_key (kid, public_jwk, closed_private_key, created_at, signs_from, closed_under, closed_at)
  SELECT $1, $2, $3, $4, $5, $6, $7`

const ADD_FIRST = prepared(`${INSERT} WHERE NOT EXISTS (SELECT 1 FROM signing_key)`)

const ADD_NEXT = prepared(`${INSERT}
  WHERE NOT EXISTS (SELECT 1 FROM signing_key WHERE kid = $1 OR coalesce(signs_from, created_at) > $8)`)

const REPLACE_CLOSED = prepared(`UPDATE signing_key
  SET closed_private_key = $3, closed_under = $4, closed_at = $5 WHERE kid = $1 AND closed_private_key = $2`)

const REMOVE = prepared('DELETE FROM signing_key WHERE kid = ANY ($1)')
