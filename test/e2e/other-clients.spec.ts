import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { aGuest, aPool, ROLES } from '../support/a-pool.js'
import { startServer, type RunningServer } from '../support/start-server.js'

const works = (command: string, ...args: readonly string[]): boolean => spawnSync(command, args).status === 0

const hasBoto3 = works('python3', '-c', 'import boto3')
const hasCli = works('aws', '--version')

/** Clients of other languages that everything is to be proven with, and are not on this machine. */
const missing = [
  ...(hasBoto3 ? [] : ['boto3 (python3 -c "import boto3" fails; apt-get install python3-boto3)']),
  ...(hasCli ? [] : ['the AWS CLI (aws --version fails; apt-get install awscli)']),
]

test('every client that CI has to try is on this machine', () => {
  for (const what of missing) console.error(`\n*** LEFT OUT: ${what} ***\n`)
  if (process.env['CI'] === 'true') expect(missing).toEqual([])
})

let server: RunningServer

beforeAll(async () => {
  server = await startServer()
}, 60_000)

afterAll(() => server.stop())

if (hasBoto3) {
  describe('boto3', () => {
    const checks = [
      'a guest writes, lists, removes and deletes',
      'errors have code, status and text',
      'the account asks for usage and keeps settings',
      'the basic flow goes through STS',
      'a backend signs in its users',
    ]
    let outcomes: Record<string, string>

    beforeAll(async () => {
      const script = fileURLToPath(new URL('boto3/checks.py', import.meta.url))
      const run = promisify(execFile)('python3', [script], { timeout: 60_000 })
      run.child.stdin!.end(JSON.stringify({ url: server.url, roles: ROLES, ...server.admin }))
      outcomes = JSON.parse((await run).stdout) as Record<string, string>
    }, 90_000)

    test('the script has these checks and no others', () => expect(Object.keys(outcomes)).toEqual(checks))

    test.each(checks)('%s', (name) => expect(outcomes[name]).toBe('ok'))
  })
}

if (hasCli) {
  describe('the AWS CLI', () => {
    test('writes and lists with an identity’s credentials', async () => {
      const me = await aGuest(server, await aPool(server))
      const { accessKeyId, secretAccessKey, sessionToken } = me.credentials
      const env = {
        ...process.env,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_SESSION_TOKEN: sessionToken,
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_PAGER: '',
      }
      const aws = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
        const path = ['--identity-pool-id', me.pool, '--identity-id', me.identity, '--dataset-name', 'settings']
        const at = ['--endpoint-url', server.url, '--output', 'json']
        const { stdout } = await promisify(execFile)('aws', ['cognito-sync', ...args, ...path, ...at], { env })
        return JSON.parse(stdout) as Record<string, unknown>
      }
      const { SyncSessionToken } = await aws('list-records')
      const patches = '[{"Op":"replace","Key":"theme","Value":"dark","SyncCount":0}]'
      const update = ['update-records', '--sync-session-token', SyncSessionToken as string, '--record-patches', patches]
      expect(await aws(...update)).toMatchObject({ Records: [{ Key: 'theme', Value: 'dark', SyncCount: 1 }] })
      expect(await aws('describe-dataset')).toMatchObject({ Dataset: { NumRecords: 1 } })
    }, 60_000)
  })
}
