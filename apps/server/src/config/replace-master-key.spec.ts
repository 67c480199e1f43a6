import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Seal } from '../access/seal.js'
import { SeededRandom } from '../runtime/testing/seeded-random.js'
import { keepSecretsBeside, refuseOtherSecrets, takeSecretsBeside } from './secret-copies.js'
import { existingKeyringOf } from './keyring-of.js'
import { replaceMasterKey, type ReplaceStep } from './replace-master-key.js'
import { Secrets } from './secrets.js'

let dataDir: string
const random = new SeededRandom(20)
const SETTINGS = { masterKey: null, otherMasterKeys: [] }

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'satchel-master-key-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const start = () => Secrets.open({ dataDir, admin: null, ...SETTINGS }, random)
const sealed = (keyring = start().keyring) => new Seal(keyring).close('page', [], 'text')
const opens = (text: string) => new Seal(start().keyring).open('page', [], text)
const keyFiles = () => readdirSync(dataDir).filter((name) => name.startsWith('master.key'))

test('[KR12] the new key seals, the old one opens what it sealed, and both are kept for their owner only', () => {
  const before = sealed()
  const { from, to } = replaceMasterKey(dataDir, random)
  const secrets = start()
  expect(secrets.keyring.fingerprints).toEqual([to, from])
  expect(secrets.warnings).toEqual([])
  expect(opens(before)).toBe('text')
  expect(sealed()).not.toBe(before)
  expect(keyFiles()).toEqual(['master.key', `master.key.${from}`, `master.key.${to}`].sort())
  for (const name of keyFiles()) expect(statSync(join(dataDir, name)).mode & 0o777).toBe(0o600)
})

test('[KR12] it can be done again and again, as long as keys that are no longer needed are moved away', () => {
  const texts = [sealed()]
  for (let n = 0; n < 4; n++) {
    replaceMasterKey(dataDir, random)
    texts.push(sealed())
  }
  expect(texts.map(opens)).toEqual(Array(5).fill('text'))
  const before = keyFiles().map((name) => readFileSync(join(dataDir, name), 'utf8'))
  expect(() => replaceMasterKey(dataDir, random)).toThrow('holds 4 master keys beside the present one already')
  expect(keyFiles().map((name) => readFileSync(join(dataDir, name), 'utf8'))).toEqual(before)
  const [oldest] = [...start().keyring.fingerprints].slice(1)
  rmSync(join(dataDir, `master.key.${oldest}`))
  replaceMasterKey(dataDir, random)
})

const STEPS: readonly ReplaceStep[] = ['new key kept', 'old key kept', 'draft written', 'replaced']

test.each(STEPS)(
  '[KR12] a crash behind "%s" leaves a set with which everything opens, and the next attempt ends well',
  (step) => {
    const before = sealed()
    const crash = (reached: ReplaceStep) => {
      if (reached === step) throw new Error('crashed')
    }
    expect(() => replaceMasterKey(dataDir, random, crash)).toThrow('crashed')
    expect(opens(before)).toBe('text')
    const between = sealed()
    const { to } = replaceMasterKey(dataDir, random)
    expect(start().keyring.fingerprints[0]).toBe(to)
    expect([before, between].map(opens)).toEqual(['text', 'text'])
  },
)

test.each(STEPS)('[KR12] of two that do it at once, the other behind "%s", neither loses a key', (step) => {
  const texts = [sealed()]
  const other = (reached: ReplaceStep) => {
    if (reached !== step) return
    replaceMasterKey(dataDir, random)
    texts.push(sealed())
  }
  replaceMasterKey(dataDir, random, other)
  texts.push(sealed())
  expect(texts.map(opens)).toEqual(['text', 'text', 'text'])
})

test('[KR12] a directory without a master key is not given one', () => {
  expect(() => replaceMasterKey(dataDir, random)).toThrow('there is no')
  expect(() => existingKeyringOf({ dataDir, ...SETTINGS })).toThrow('SATCHEL_MASTER_KEY is not set')
  expect(readdirSync(dataDir)).toEqual([])
})

test.each([
  ['AAAA', 'decodes to 3 bytes'],
  [Buffer.alloc(32, 3).toString('base64'), 'another master key than the one it is named after'],
])('[O8] a broken file of another key is a fault that names it, and is left as it is: %s', (text, wrong) => {
  start()
  const path = join(dataDir, 'master.key.0123456789ab')
  writeFileSync(path, text)
  expect(() => start()).toThrow(`${path}`)
  expect(() => start()).toThrow(wrong)
  expect(readFileSync(path, 'utf8')).toBe(text)
})

test('[KR12] files of other keys are read only beside a master key that is a file too', () => {
  start()
  replaceMasterKey(dataDir, random)
  const masterKey = Buffer.alloc(32, 4)
  expect(existingKeyringOf({ dataDir, masterKey, otherMasterKeys: [] }).fingerprints).toHaveLength(1)
})

test('[X22] a backup with secrets takes every master key along, and brings it back', () => {
  const before = sealed()
  replaceMasterKey(dataDir, random)
  const backup = join(dataDir, 'backup.db')
  expect(keepSecretsBeside(backup, dataDir)).toHaveLength(4)
  const restored = join(dataDir, 'restored')
  mkdirSync(restored)
  refuseOtherSecrets(backup, restored)
  expect(takeSecretsBeside(backup, restored)).toHaveLength(4)
  expect(new Seal(existingKeyringOf({ dataDir: restored, ...SETTINGS })).open('page', [], before)).toBe('text')
})
