import { createHash } from 'node:crypto'
import type { IdentityPoolId } from '@satchel/protocol'

/** Where this server says it is; appears in ids and ARNs. */
export type Place = Readonly<{ region: string; accountId: string }>

export const poolArn = ({ region, accountId }: Place, pool: IdentityPoolId): string =>
  `arn:aws:cognito-identity:${region}:${accountId}:identitypool/${pool}`

export const rootArn = ({ accountId }: Place): string => `arn:aws:iam::${accountId}:root`

/** The session of a role as STS names it: by ARN and by id (SPEC Q4). */
export function assumedRole(
  { accountId }: Place,
  { roleArn, sessionName }: Readonly<{ roleArn: string; sessionName: string }>,
): Readonly<{ arn: string; id: string }> {
  return {
    arn: `arn:aws:sts::${accountId}:assumed-role/${roleName(roleArn)}/${sessionName}`,
    id: `${roleId(roleArn)}:${sessionName}`,
  }
}

/** What follows the last slash: a role's path is no part of its sessions' names. */
const roleName = (roleArn: string): string => roleArn.slice(roleArn.lastIndexOf('/') + 1)

/** Roles are kept nowhere, so their ids follow from their ARNs: `AROA` and 17 digits or letters. */
const roleId = (roleArn: string): string =>
  `AROA${createHash('sha256').update(roleArn).digest('hex').slice(0, 17).toUpperCase()}`
