import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import { flag } from '../checks.js'
import {
  ACCOUNT_ID,
  ARN,
  DEVELOPER_USER_ID,
  IDENTITY_ID,
  IDENTITY_IDS,
  LOGINS,
  NEXT_TOKEN,
  PAGE_SIZE,
  POOL_ID,
  PRINCIPAL_TAGS,
  TOKEN_DURATION,
} from '../member-checks.js'
import { Optional, Required } from '../read-request.js'

export class GetIdRequest {
  @Optional(ACCOUNT_ID) AccountId?: string
  @Required(POOL_ID) IdentityPoolId!: IdentityPoolId
  @Optional(LOGINS) Logins?: Readonly<Record<string, string>>
}

export class GetCredentialsForIdentityRequest {
  @Required(IDENTITY_ID) IdentityId!: IdentityId
  @Optional(LOGINS) Logins?: Readonly<Record<string, string>>
  @Optional(ARN) CustomRoleArn?: string
}

export class GetOpenIdTokenRequest {
  @Required(IDENTITY_ID) IdentityId!: IdentityId
  @Optional(LOGINS) Logins?: Readonly<Record<string, string>>
}

export class GetOpenIdTokenForDeveloperIdentityRequest {
  @Required(POOL_ID) IdentityPoolId!: IdentityPoolId
  @Optional(IDENTITY_ID) IdentityId?: IdentityId
  @Required(LOGINS) Logins!: Readonly<Record<string, string>>
  @Optional(PRINCIPAL_TAGS) PrincipalTags?: Readonly<Record<string, string>>
  @Optional(TOKEN_DURATION) TokenDuration?: number
}

export class LookupDeveloperIdentityRequest {
  @Required(POOL_ID) IdentityPoolId!: IdentityPoolId
  @Optional(IDENTITY_ID) IdentityId?: IdentityId
  @Optional(DEVELOPER_USER_ID) DeveloperUserIdentifier?: string
  @Optional(PAGE_SIZE) MaxResults?: number
  @Optional(NEXT_TOKEN) NextToken?: string
}

export class DescribeIdentityRequest {
  @Required(IDENTITY_ID) IdentityId!: IdentityId
}

export class ListIdentitiesRequest {
  @Required(POOL_ID) IdentityPoolId!: IdentityPoolId
  @Required(PAGE_SIZE) MaxResults!: number
  @Optional(NEXT_TOKEN) NextToken?: string
  @Optional(flag) HideDisabled?: boolean
}

export class DeleteIdentitiesRequest {
  @Required(IDENTITY_IDS) IdentityIdsToDelete!: readonly IdentityId[]
}
