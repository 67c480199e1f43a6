/** Where a newcomer's app finds the demo pool. */
export type DemoFacts = Readonly<{ endpoint: string; region: string; pool: string }>

export type Snippet = Readonly<{ id: string; title: string; packages: string; code: string }>

/** Code to paste into an app, the same in the terminal and on the demo page; each one syncs a first record. */
export const snippetsFor = (facts: DemoFacts): readonly Snippet[] => [
  satchel(facts),
  cognitoJs(facts),
  sdkV3(facts),
  boto3(facts),
]

const satchel = ({ endpoint, pool }: DemoFacts): Snippet => ({
  id: 'satchel',
  title: '@satchel/client',
  packages: 'in any page on this machine: <script type="module">',
  code: `import { openClient } from '${endpoint}/demo/satchel-client.js' // with a bundler: '@satchel/client'

const client = await openClient({ endpoint: '${endpoint}', pool: '${pool}' })
const settings = client.dataset('settings')
settings.subscribe('theme', (theme) => console.log('theme is', theme))
await settings.put('theme', 'dark') // seen at once, kept from here on, and sent when there is a network
await client.synchronize()
`,
})

const cognitoJs = ({ endpoint, region, pool }: DemoFacts): Snippet => ({
  id: 'cognito-js',
  title: 'amazon-cognito-js',
  packages: 'npm install aws-sdk amazon-cognito-js',
  code: `import AWS from 'aws-sdk' // in a page with script tags both are there already
globalThis.AWS = AWS
await import('amazon-cognito-js')

const at = { endpoint: '${endpoint}' }
Object.assign(AWS.config, { region: '${region}', cognitosync: at, cognitoidentity: at, sts: at })
const IdentityPoolId = '${pool}'
const guest = (AWS.config.credentials = new AWS.CognitoIdentityCredentials({ IdentityPoolId }))
const kept = globalThis.window ? {} : { DataStore: AWS.CognitoSyncManager.StoreInMemory } // Node has no localStorage
guest.get(() => new AWS.CognitoSyncManager(kept).openOrCreateDataset('settings', (_, dataset) =>
  dataset.put('theme', 'dark', () => dataset.synchronize({ onSuccess: () => console.log('synced') }))))
`,
})

const sdkV3 = ({ endpoint, region, pool }: DemoFacts): Snippet => ({
  id: 'sdk-v3',
  title: 'AWS SDK v3',
  packages: 'npm install @aws-sdk/client-cognito-sync @aws-sdk/credential-providers',
  code: `import { CognitoSync } from '@aws-sdk/client-cognito-sync'
import { fromCognitoIdentityPool } from '@aws-sdk/credential-providers'

const at = { region: '${region}', endpoint: '${endpoint}' }
const IdentityPoolId = '${pool}'
const credentials = fromCognitoIdentityPool({ identityPoolId: IdentityPoolId, clientConfig: at })
const sync = new CognitoSync({ ...at, credentials })
const path = { IdentityPoolId, IdentityId: (await credentials()).identityId, DatasetName: 'settings' }
const { SyncSessionToken } = await sync.listRecords(path)
const RecordPatches = [{ Op: 'replace', Key: 'theme', Value: 'dark', SyncCount: 0 }]
console.log(await sync.updateRecords({ ...path, SyncSessionToken, RecordPatches }))
`,
})

const boto3 = ({ endpoint, region, pool }: DemoFacts): Snippet => ({
  id: 'boto3',
  title: 'boto3',
  packages: 'pip install boto3',
  code: `import boto3, botocore

at = dict(region_name='${region}', endpoint_url='${endpoint}')
pool = '${pool}'
unsigned = botocore.config.Config(signature_version=botocore.UNSIGNED)
identity = boto3.client('cognito-identity', config=unsigned, **at)
guest = identity.get_id(IdentityPoolId=pool)['IdentityId']
given = identity.get_credentials_for_identity(IdentityId=guest)['Credentials']
sync = boto3.client('cognito-sync', aws_access_key_id=given['AccessKeyId'],
                    aws_secret_access_key=given['SecretKey'], aws_session_token=given['SessionToken'], **at)
path = dict(IdentityPoolId=pool, IdentityId=guest, DatasetName='settings')
token = sync.list_records(**path)['SyncSessionToken']
print(sync.update_records(**path, SyncSessionToken=token, RecordPatches=[
    dict(Op='replace', Key='theme', Value='dark', SyncCount=0)])['Records'])
`,
})
