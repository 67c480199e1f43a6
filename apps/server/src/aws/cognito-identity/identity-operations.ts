import type { IdentityService } from '../../identity/identity-service.js'
import { answeredCredentials, answeredIdentity, answeredToken } from './answers.js'
import { forAccount, forAnybody, type Operation } from './operation.js'
import { mapFrom } from './read-request.js'
import {
  DeleteIdentitiesRequest,
  DescribeIdentityRequest,
  GetCredentialsForIdentityRequest,
  GetIdRequest,
  GetOpenIdTokenForDeveloperIdentityRequest,
  GetOpenIdTokenRequest,
  ListIdentitiesRequest,
  LookupDeveloperIdentityRequest,
} from './requests/identity-requests.js'

const LOOKUP_PAGE = 60

/** What apps, backends and owners do with identities. */
export function identityOperations(service: IdentityService): Readonly<Record<string, Operation>> {
  const { identities, publicFlows, developers } = service
  return {
    GetId: forAnybody(GetIdRequest, async ({ IdentityPoolId, Logins }, { address }) => ({
      IdentityId: await publicFlows.getId(IdentityPoolId, { logins: mapFrom(Logins), address }),
    })),

    GetCredentialsForIdentity: forAnybody(GetCredentialsForIdentityRequest, async ({ IdentityId, ...request }) => {
      const asked = { logins: mapFrom(request.Logins), customRoleArn: request.CustomRoleArn ?? null }
      const credentials = await publicFlows.credentialsFor(IdentityId, asked)
      return { IdentityId, Credentials: answeredCredentials(credentials) }
    }),

    GetOpenIdToken: forAnybody(GetOpenIdTokenRequest, async ({ IdentityId, Logins }) => ({
      IdentityId,
      Token: await publicFlows.openIdToken(IdentityId, mapFrom(Logins)),
    })),

    GetOpenIdTokenForDeveloperIdentity: forAccount(GetOpenIdTokenForDeveloperIdentityRequest, async (request) => {
      const { identity, token } = await developers.signIn({
        pool: request.IdentityPoolId,
        logins: mapFrom(request.Logins),
        identity: request.IdentityId ?? null,
        principalTags: mapFrom(request.PrincipalTags),
        lifeSeconds: request.TokenDuration ?? null,
      })
      return { IdentityId: identity, Token: token }
    }),

    LookupDeveloperIdentity: forAccount(LookupDeveloperIdentityRequest, async (request) => {
      const found = await developers.lookup({
        pool: request.IdentityPoolId,
        identity: request.IdentityId ?? null,
        userId: request.DeveloperUserIdentifier ?? null,
        limit: request.MaxResults ?? LOOKUP_PAGE,
        nextToken: request.NextToken ?? null,
      })
      return {
        IdentityId: found.identity,
        DeveloperUserIdentifierList: found.userIds,
        ...answeredToken(found.nextToken),
      }
    }),

    DescribeIdentity: forAccount(DescribeIdentityRequest, async ({ IdentityId }) =>
      answeredIdentity(await identities.describe(IdentityId)),
    ),

    ListIdentities: forAccount(ListIdentitiesRequest, async ({ IdentityPoolId, ...request }) => {
      const { items, nextToken } = await identities.list(IdentityPoolId, {
        limit: request.MaxResults,
        nextToken: request.NextToken ?? null,
        hideDisabled: request.HideDisabled ?? false,
      })
      return { IdentityPoolId, Identities: items.map(answeredIdentity), ...answeredToken(nextToken) }
    }),

    DeleteIdentities: forAccount(DeleteIdentitiesRequest, async ({ IdentityIdsToDelete }) => {
      const unprocessed = await identities.delete(IdentityIdsToDelete)
      const listed = unprocessed.map((identity) => ({ IdentityId: identity, ErrorCode: 'AccessDenied' }))
      return { UnprocessedIdentityIds: listed }
    }),
  }
}
