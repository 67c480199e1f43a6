import type { IdentityId } from '@satchel/protocol'
import type { Login, StoredIdentity } from '../../domain/identity.js'

/** The columns of `identity i` and `login l` under the names of {@link IdentityRow}: in one statement, since a commit may fall between two. */
export const IDENTITY_COLUMNS = `i.identity_id AS identity, i.pool_id AS pool, i.created_at AS "createdAt", i.modified_at AS "modifiedAt",
  i.disabled_at AS "disabledAt", l.provider AS provider, l.user_id AS "userId"`

/** One row per login; a guest has one, without a login. */
export type IdentityRow = Omit<StoredIdentity, 'logins'> & Readonly<{ provider: string | null; userId: string | null }>

/** Identities with their logins, in the order of the rows. */
export function identitiesOf(rows: readonly IdentityRow[]): StoredIdentity[] {
  const identities = new Map<IdentityId, Omit<StoredIdentity, 'logins'> & { logins: Login[] }>()
  for (const { provider, userId, ...row } of rows) {
    const identity = identities.get(row.identity) ?? { ...row, logins: [] }
    if (provider !== null && userId !== null) identity.logins.push({ provider, userId })
    identities.set(row.identity, identity)
  }
  return [...identities.values()]
}
