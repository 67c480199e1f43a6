import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SystemRandom } from '../runtime/random.js'
import { SeededRandom } from '../runtime/testing/seeded-random.js'
import { ConfigFault } from './config-fault.js'
import { readOrCreate } from './secret-file.js'
import { Secrets } from './secrets.js'
import { Keyring } from '../access/keyring.js'

let home: string
let dataDir: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'satchel-secrets-'))
  dataDir = join(home, 'deep', 'data')
})
afterEach(() => rmSync(home, { recursive: true }))

const open = (seed = 1) =>
  Secrets.open({ dataDir, admin: null, masterKey: null, otherMasterKeys: [] }, new SeededRandom(seed))
const modeOf = (path: string) => statSync(path).mode & 0o777

function faultsOf(act: () => unknown): readonly string[] {
  try {
    act()
  } catch (cause) {
    if (cause instanceof ConfigFault) return cause.faults
    throw cause
  }
  return []
}

test('[O7] the secrets are generated into a directory of mode 0700, in files of mode 0600, and nothing else is left', () => {
  const secrets = open()
  expect(secrets.keyring.fingerprints).toHaveLength(1)
  expect(secrets.admin.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/)
  expect(secrets.admin.secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/)
  expect(secrets.adminFile).toBe(join(dataDir, 'admin-credentials'))
  expect(secrets.warnings).toEqual([])
  expect(readdirSync(dataDir).sort()).toEqual(['admin-credentials', 'master.key'])
  expect([modeOf(dataDir), modeOf(join(dataDir, 'admin-credentials')), modeOf(join(dataDir, 'master.key'))]).toEqual([
    0o700, 0o600, 0o600,
  ])
})

test('[O7] the admin credentials are an AWS shared-credentials file with a default profile', () => {
  const { admin, adminFile } = open()
  expect(readFileSync(adminFile ?? '', 'utf8')).toBe(
    `[default]\naws_access_key_id = ${admin.accessKeyId}\naws_secret_access_key = ${admin.secretAccessKey}\n`,
  )
})

test('[O8] a second start reads what the first one generated, byte for byte', () => {
  const first = open(1)
  const files = () => readdirSync(dataDir).map((name) => readFileSync(join(dataDir, name), 'utf8'))
  const before = files()
  const second = open(2)
  expect(second).toEqual(first)
  expect(files()).toEqual(before)
})

test('[O8] of two processes that start at once both get what the first one wrote', () => {
  open()
  const path = join(dataDir, 'raced')
  const read = readOrCreate(path, () => {
    writeFileSync(path, 'theirs', { mode: 0o600 })
    return 'ours'
  })
  expect(read).toBe('theirs')
  expect(readdirSync(dataDir)).not.toContainEqual(expect.stringContaining('.new'))
})

test('[O8] an empty or broken file is a fault that names it, all files together, and is left as it is', () => {
  open()
  writeFileSync(join(dataDir, 'master.key'), '')
  writeFileSync(join(dataDir, 'admin-credentials'), '[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n')
  const faults = faultsOf(() => open())
  expect(faults).toEqual([
    expect.stringContaining(`${join(dataDir, 'admin-credentials')} names no aws_secret_access_key.`),
    expect.stringContaining(`${join(dataDir, 'master.key')} is not base64`),
  ])
  expect(readFileSync(join(dataDir, 'master.key'), 'utf8')).toBe('')
})

test.each([
  ['', 'has neither a [default] nor a [satchel] profile'],
  ['[other]\naws_access_key_id=AKIAIOSFODNN7EXAMPLE\n', 'has neither'],
  ['[default]\naws_secret_access_key=x\n', 'names no aws_access_key_id'],
  ['[default]\naws_access_key_id=AKIA\naws_secret_access_key=hunter2\n', 'has an aws_access_key_id that does not'],
  ['[default]\naws_access_key_id=AKIAIOSFODNN7EXAMPLE\naws_secret_access_key=hunter2\n', 'that has 7 characters'],
])('[O8] the credentials file %j is refused: it %s', (text, wrong) => {
  open()
  writeFileSync(join(dataDir, 'admin-credentials'), text)
  const said = faultsOf(() => open()).join('\n')
  expect(said).toContain(wrong)
  expect(said).not.toContain('hunter2')
})

test('[O7] a credentials file may be written by hand: comments, blanks, CRLF, a satchel profile', () => {
  open()
  const secret = 's'.repeat(40)
  writeFileSync(
    join(dataDir, 'admin-credentials'),
    `# mine\r\n[ satchel ]\r\n; note\r\nAWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\r\n aws_secret_access_key =  ${secret} \r\n`,
  )
  expect(open().admin).toEqual({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: secret })
})

test('[O7] what is given as a setting needs no file', () => {
  const admin = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 's'.repeat(40) }
  const masterKey = Buffer.alloc(32, 9)
  const secrets = Secrets.open({ dataDir, admin, masterKey, otherMasterKeys: [] }, new SystemRandom())
  expect(secrets).toMatchObject({ admin, keyring: new Keyring([masterKey]), adminFile: null })
  expect(readdirSync(dataDir)).toEqual([])
})

test('[O10] a data directory or secret that others can read is warned about by name', () => {
  open()
  chmodSync(dataDir, 0o755)
  chmodSync(join(dataDir, 'master.key'), 0o640)
  const { warnings } = open()
  expect(warnings).toEqual([
    expect.stringContaining(`${dataDir} has mode 0755`),
    expect.stringContaining(`${join(dataDir, 'master.key')} has mode 0640`),
  ])
})

test('[O8] a data directory that cannot be one is a fault of its setting', () => {
  writeFileSync(join(home, 'file'), '')
  dataDir = join(home, 'file')
  expect(faultsOf(() => open())).toEqual([expect.stringContaining('SATCHEL_DATA_DIR')])
})
