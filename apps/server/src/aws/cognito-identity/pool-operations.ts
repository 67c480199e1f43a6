import type { IdentityService } from '../../identity/identity-service.js'
import { answeredPool, answeredRoles, answeredToken } from './answers.js'
import { forAccount, type Operation } from './operation.js'
import {
  CreateIdentityPoolRequest,
  IdentityPoolRequest,
  ListIdentityPoolsRequest,
  rolesOf,
  SetIdentityPoolRolesRequest,
  settingsOf,
  UpdateIdentityPoolRequest,
} from './requests/pool-requests.js'

/** What owners do with pools. */
export function poolOperations({ pools }: IdentityService): Readonly<Record<string, Operation>> {
  return {
    CreateIdentityPool: forAccount(CreateIdentityPoolRequest, async (request) =>
      answeredPool(await pools.create(settingsOf(request))),
    ),

    DescribeIdentityPool: forAccount(IdentityPoolRequest, async ({ IdentityPoolId }) =>
      answeredPool(await pools.describe(IdentityPoolId)),
    ),

    UpdateIdentityPool: forAccount(UpdateIdentityPoolRequest, async (request) =>
      answeredPool(await pools.update(request.IdentityPoolId, settingsOf(request))),
    ),

    DeleteIdentityPool: forAccount(IdentityPoolRequest, async ({ IdentityPoolId }) => {
      await pools.delete(IdentityPoolId)
      return {}
    }),

    ListIdentityPools: forAccount(ListIdentityPoolsRequest, async ({ MaxResults, NextToken }) => {
      const { items, nextToken } = await pools.list({ limit: MaxResults, nextToken: NextToken ?? null })
      const listed = items.map(({ pool, settings }) => ({ IdentityPoolId: pool, IdentityPoolName: settings.name }))
      return { IdentityPools: listed, ...answeredToken(nextToken) }
    }),

    SetIdentityPoolRoles: forAccount(SetIdentityPoolRolesRequest, async (request) => {
      await pools.setRoles(request.IdentityPoolId, rolesOf(request))
      return {}
    }),

    GetIdentityPoolRoles: forAccount(IdentityPoolRequest, async ({ IdentityPoolId }) => ({
      IdentityPoolId,
      ...answeredRoles((await pools.describe(IdentityPoolId)).roles),
    })),
  }
}
