import { openRecordsLink, RECORDS_LINK_PATH, recordsLink, recordsLinkKey } from './records-link.js'
import { Keyring } from './keyring.js'
import { Seal } from './seal.js'

const MASTER_KEY = Buffer.alloc(32, 1)
const keyring = new Keyring([MASTER_KEY])
const seal = new Seal(keyring)
const link = recordsLink(recordsLinkKey(keyring, 1_000), {
  publicUrl: 'https://satchel.example',
  eventId: 'us-east-1:a/settings/7',
  at: 50_000,
})
const token = link.slice(`https://satchel.example${RECORDS_LINK_PATH}`.length)

test('[V10] a link opens its event until its time is over, and not from then on', () => {
  expect(link.startsWith(`https://satchel.example${RECORDS_LINK_PATH}A`)).toBe(true)
  expect(openRecordsLink(seal, token, 50_999)).toBe('us-east-1:a/settings/7')
  expect(openRecordsLink(seal, token, 51_000)).toBeNull()
})

test('[V10] a link that was altered, made under another key, or sealed for something else opens nothing', () => {
  expect(openRecordsLink(new Seal(new Keyring([Buffer.alloc(32, 2)])), token, 50_000)).toBeNull()
  expect(openRecordsLink(seal, `${token}x`, 50_000)).toBeNull()
  const page = seal.close('page', [], JSON.stringify(['us-east-1:a/settings/7', 90_000]))
  expect(openRecordsLink(seal, page, 50_000)).toBeNull()
})

test('[V10] what was sealed under the key of one purpose is what the seal itself makes', () => {
  expect(token).toBe(seal.close('stream-records', [], JSON.stringify(['us-east-1:a/settings/7', 51_000])))
})
