/**
 * Every name that a request can have in logs and metrics: the operations of the three AWS services, served or
 * not, and our own pages. Whatever else is asked for counts as `unknown`, so that nobody can grow our metrics by
 * inventing names (SPEC O22).
 */
export const operationNames: ReadonlySet<string> = new Set([
  // cognito-sync
  'BulkPublish',
  'DeleteDataset',
  'DescribeDataset',
  'DescribeIdentityPoolUsage',
  'DescribeIdentityUsage',
  'GetBulkPublishDetails',
  'GetCognitoEvents',
  'GetIdentityPoolConfiguration',
  'ListDatasets',
  'ListIdentityPoolUsage',
  'ListRecords',
  'RegisterDevice',
  'SetCognitoEvents',
  'SetIdentityPoolConfiguration',
  'SubscribeToDataset',
  'UnsubscribeFromDataset',
  'UpdateRecords',
  // cognito-identity
  'CreateIdentityPool',
  'DeleteIdentities',
  'DeleteIdentityPool',
  'DescribeIdentity',
  'DescribeIdentityPool',
  'GetCredentialsForIdentity',
  'GetId',
  'GetIdentityPoolRoles',
  'GetOpenIdToken',
  'GetOpenIdTokenForDeveloperIdentity',
  'GetPrincipalTagAttributeMap',
  'ListIdentities',
  'ListIdentityPools',
  'ListTagsForResource',
  'LookupDeveloperIdentity',
  'MergeDeveloperIdentities',
  'SetIdentityPoolRoles',
  'SetPrincipalTagAttributeMap',
  'TagResource',
  'UnlinkDeveloperIdentity',
  'UnlinkIdentity',
  'UntagResource',
  'UpdateIdentityPool',
  // sts
  'AssumeRoleWithWebIdentity',
  'GetCallerIdentity',
  // the native face over HTTP
  'Hello',
  'Sync',
  'Watch',
  // our own
  'ClientWasm',
  'Demo',
  'Health',
  'Metrics',
  'OpenIdConfiguration',
  'OpenIdKeys',
  'Preflight',
  'StreamRecords',
])

export const UNKNOWN_OPERATION = 'unknown'
