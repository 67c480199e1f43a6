import type { IdentityId, IdentityPoolId } from '@satchel/protocol'

/** Who a verified request comes from. */
export type Caller =
  /** Holds the account's own credentials; may do everything. */
  | Readonly<{ kind: 'account'; accountId: string; accessKeyId: string }>
  /** Holds temporary credentials of one identity; may touch that identity only. */
  | Readonly<{
      kind: 'identity'
      pool: IdentityPoolId
      identity: IdentityId
      authenticated: boolean
      roleArn: string
      sessionName: string
      accessKeyId: string
      /** Epoch milliseconds. */
      expiresAt: number
    }>
