import { welcomeText, type WelcomeFacts } from './welcome.js'

const FACTS: WelcomeFacts = {
  listenUrl: 'http://127.0.0.1:4680',
  publicUrl: 'https://sync.example.com',
  region: 'eu-central-1',
  dataDir: '/srv/data',
  database: null,
  adminFile: '/srv/data/admin-credentials',
  adminUrl: null,
  demoPool: 'eu-central-1:0d4f',
  loopback: true,
  warnings: [],
}

test('[O26] a newcomer reads where the server is, where the credentials are, and code to paste for the demo pool', () => {
  const text = welcomeText(FACTS)
  for (const shown of [
    'http://127.0.0.1:4680',
    'https://sync.example.com, region eu-central-1',
    '/srv/data/admin-credentials',
    '/health/ready',
    'eu-central-1:0d4f',
    'openClient',
    'CognitoSyncManager',
    'fromCognitoIdentityPool',
  ]) {
    expect(text).toContain(shown)
  }
})

test('[O26] where the data is, is the database when servers share one', () => {
  expect(welcomeText(FACTS)).toContain('data      /srv/data\n')
  expect(welcomeText({ ...FACTS, database: 'db:5432/satchel' })).toContain('data      PostgreSQL at db:5432/satchel\n')
})

test('[O26] guests are named as a convenience, more loudly where others can reach the server', () => {
  expect(welcomeText(FACTS)).toContain('every program on this machine')
  expect(welcomeText({ ...FACTS, loopback: false })).toContain('EVERYBODY WHO REACHES THIS SERVER')
  expect(welcomeText(FACTS)).toContain('SATCHEL_DEMO=off')
})

test('[O26] without the demo there is no pool and no code, and warnings come last', () => {
  const text = welcomeText({
    ...FACTS,
    demoPool: null,
    adminFile: null,
    adminUrl: 'http://127.0.0.1:9',
    warnings: ['A.', 'B.'],
  })
  expect(text).not.toContain('Cognito')
  expect(text).toContain('http://127.0.0.1:9/metrics')
  expect(text).toContain('SATCHEL_ADMIN_ACCESS_KEY_ID')
  expect(text.endsWith('\n\nWarning: A.\nWarning: B.\n')).toBe(true)
})
