import { parseIdentityId, parseIdentityPoolId } from '@satchel/protocol'
import { listOf, mapOf, oneOf, parsedBy, secret, structure, text, whole, flag } from './checks.js'

/* The constraints of the identity pools API, by AWS's names of its shapes. */

export const POOL_ID = parsedBy(parseIdentityPoolId)
export const IDENTITY_ID = parsedBy(parseIdentityId)
export const IDENTITY_IDS = listOf(IDENTITY_ID, { min: 1, max: 60 })
export const POOL_NAME = text({ min: 1, max: 128, pattern: /^[\w\s+=,.@-]+$/ })
export const ACCOUNT_ID = text({ min: 1, max: 15, pattern: /^\d+$/ })
export const PAGE_SIZE = whole({ min: 1, max: 60 })
export const NEXT_TOKEN = text({ min: 1, max: 65_535, pattern: /^[\S]+$/ })
export const ARN = text({ min: 20, max: 2_048 })

const PROVIDER_NAME = text({ min: 1, max: 128 })

/** Tokens and users' names: never shown. */
export const LOGINS = mapOf(PROVIDER_NAME, secret({ min: 1, max: 50_000 }), { max: 10 })
export const DEVELOPER_PROVIDER_NAME = text({ min: 1, max: 128, pattern: /^[\w._-]+$/ })
export const DEVELOPER_USER_ID = secret({ min: 1, max: 1_024 })
export const PRINCIPAL_TAGS = mapOf(text({ min: 1, max: 128 }), secret({ min: 1, max: 256 }), { max: 50 })
export const TOKEN_DURATION = whole({ min: 1, max: 86_400 })

/** Lists without a bound in AWS's model get a generous one here. */
const PROVIDERS_MAX = 1_000

export const SUPPORTED_LOGIN_PROVIDERS = mapOf(PROVIDER_NAME, text({ min: 1, max: 128, pattern: /^[\w.;_/-]+$/ }), {
  max: 10,
})
export const PROVIDER_ARNS = listOf(ARN, { max: PROVIDERS_MAX })
export const POOL_TAGS = mapOf(text({ min: 1, max: 128 }), text({ min: 0, max: 256 }), { max: 50 })
export const USER_POOL_CLIENTS = listOf(
  structure({
    optional: {
      ProviderName: text({ min: 1, max: 128, pattern: /^[\w._:/-]+$/ }),
      ClientId: text({ min: 1, max: 128, pattern: /^[\w_]+$/ }),
      ServerSideTokenCheck: flag,
    },
  }),
  { max: PROVIDERS_MAX },
)

export const ROLES = mapOf(text({ min: 1, max: 128, pattern: /^(un)?authenticated$/ }), ARN, { max: 2 })

const MAPPING_RULE = structure({
  required: {
    Claim: text({ min: 1, max: 64, pattern: /^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$/u }),
    MatchType: oneOf('Equals', 'Contains', 'StartsWith', 'NotEqual'),
    Value: text({ min: 1, max: 128 }),
    RoleARN: ARN,
  },
})

const ROLE_MAPPING = structure({
  required: { Type: oneOf('Token', 'Rules') },
  optional: {
    AmbiguousRoleResolution: oneOf('AuthenticatedRole', 'Deny'),
    RulesConfiguration: structure({ required: { Rules: listOf(MAPPING_RULE, { min: 1, max: 400 }) } }),
  },
})

export const ROLE_MAPPINGS = mapOf(PROVIDER_NAME, ROLE_MAPPING, { max: 10 })
