import { CognitoIdentity, type CreateIdentityPoolCommandInput } from '@aws-sdk/client-cognito-identity'
import { CognitoSync } from '@aws-sdk/client-cognito-sync'
import { randomUUID } from 'node:crypto'
import type { RunningServer } from './start-server.js'
import type { Credentials } from './sign-request.js'
import { deviceAt, WireClient, type WireDevice } from './wire-client.js'

export const REGION = 'us-east-1'

export const DEVELOPER_PROVIDER = 'login.test'

export const ROLES = {
  authenticated: 'arn:aws:iam::000000000000:role/test-authenticated',
  unauthenticated: 'arn:aws:iam::000000000000:role/test-guest',
}

/** Where a server, or several as one, is reached, and the account's own credentials. */
export type Reached = Pick<RunningServer, 'url' | 'admin'>

/** An identity with credentials of its own, and clients that use them. */
export type Somebody = Readonly<{
  pool: string
  identity: string
  credentials: Credentials & { sessionToken: string }
  /** By the unmodified SDK. */
  sync: CognitoSync
  /** By plain HTTP. */
  device: WireDevice
}>

/** Where a client of the SDK is to go. */
export const at = (server: Reached) => ({ endpoint: server.url, region: REGION })

/** The account's clients. */
export const adminOf = (server: Reached) => ({
  identity: new CognitoIdentity({ ...at(server), credentials: server.admin }),
  sync: new CognitoSync({ ...at(server), credentials: server.admin }),
  wire: new WireClient(server.url, server.admin),
})

/** Makes a pool with roles, guests and a developer provider, and answers its id. */
export async function aPool(server: Reached, over: Partial<CreateIdentityPoolCommandInput> = {}): Promise<string> {
  const { identity } = adminOf(server)
  const { IdentityPoolId } = await identity.createIdentityPool({
    IdentityPoolName: `test ${randomUUID()}`,
    AllowUnauthenticatedIdentities: true,
    DeveloperProviderName: DEVELOPER_PROVIDER,
    ...over,
  })
  await identity.setIdentityPoolRoles({ IdentityPoolId, Roles: ROLES })
  return IdentityPoolId!
}

/** Makes a guest by the enhanced flow. */
export async function aGuest(server: Reached, pool: string): Promise<Somebody> {
  const unsigned = new CognitoIdentity(at(server))
  const { IdentityId } = await unsigned.getId({ IdentityPoolId: pool })
  return withCredentials(server, { pool, identity: IdentityId! })
}

/** Makes a guest for each of these names, one after the other. */
export async function guestsNamed<const Name extends string>(
  server: Reached,
  pool: string,
  names: readonly Name[],
): Promise<Readonly<Record<Name, Somebody>>> {
  const made: [Name, Somebody][] = []
  for (const name of names) made.push([name, await aGuest(server, pool)])
  return Object.fromEntries(made) as Record<Name, Somebody>
}

/** Signs in a user of the developer provider. */
export async function aDeveloperUser(server: Reached, pool: string, userId: string = randomUUID()): Promise<Somebody> {
  const { identity } = adminOf(server)
  const { IdentityId, Token } = await identity.getOpenIdTokenForDeveloperIdentity({
    IdentityPoolId: pool,
    Logins: { [DEVELOPER_PROVIDER]: userId },
  })
  return withCredentials(server, { pool, identity: IdentityId! }, { 'cognito-identity.amazonaws.com': Token! })
}

/** Credentials of an identity, as apps get them. */
export async function withCredentials(
  server: Reached,
  { pool, identity }: Readonly<{ pool: string; identity: string }>,
  logins: Record<string, string> = {},
): Promise<Somebody> {
  const unsigned = new CognitoIdentity(at(server))
  const given = await unsigned.getCredentialsForIdentity({ IdentityId: identity, Logins: logins })
  const { AccessKeyId, SecretKey, SessionToken } = given.Credentials!
  const credentials = { accessKeyId: AccessKeyId!, secretAccessKey: SecretKey!, sessionToken: SessionToken! }
  return {
    pool,
    identity,
    credentials,
    sync: new CognitoSync({ ...at(server), credentials }),
    device: deviceAt(server, { pool, identity, credentials }),
  }
}

/** The path members of a request for a dataset. */
export const datasetOf = ({ pool, identity }: Pick<Somebody, 'pool' | 'identity'>, DatasetName = 'settings') => ({
  IdentityPoolId: pool,
  IdentityId: identity,
  DatasetName,
})
