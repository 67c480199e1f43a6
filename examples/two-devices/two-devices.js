/**
 * One user, two devices, one Satchel server: unmodified AWS SDK v2 and amazon-cognito-js carry the names of languages in
 * ten scripts from a phone to a laptop, meet in a conflict, and learn of a deletion. Ends with 1 if anything is off.
 */
import assert from 'node:assert/strict'
import { Device } from './device.js'
import { languageNames, LOCALES } from './locale-names.js'
import { startServer } from './server.js'

const say = (text) => process.stdout.write(`${text}\n`)

const server = await startServer()
try {
  say(`Satchel runs at ${server.endpoint}, with the identity pool ${server.pool}`)
  const phone = await Device.open('phone', server)
  const laptop = await Device.open('laptop', { ...server, identityId: phone.identityId })
  say(`A phone and a laptop of the guest ${phone.identityId}`)

  await carry(phone, laptop)
  await meetInConflict(phone, laptop)
  await deleteOnOne(phone, laptop)
  await addUp(phone)
  say('\nAll as it should be.')
} finally {
  const code = await server.stop()
  if (code !== 0) process.exitCode = 1
}

/** Everything that the phone has, the laptop gets, to the letter. */
async function carry(phone, laptop) {
  say('\nThe phone writes and synchronizes, the laptop synchronizes:')
  let total = 0
  for (const locale of LOCALES) {
    const names = languageNames(locale)
    const here = await phone.dataset(`languages.${locale}`)
    for (const [code, name] of names) await here.put(code, name)
    assert.equal(await here.synchronize(), 'synced')

    const there = await laptop.dataset(`languages.${locale}`)
    assert.equal(await there.synchronize(), 'synced')
    assert.deepEqual(await there.all(), names)
    total += names.size
    say(`  languages.${locale}  ${names.size} records, such as fr = ${await there.get('fr')}`)
  }
  assert.ok(total >= 500)
  say(`  ${total} records arrived, each equal to what was sent`)
}

/** Both change one record while apart; the second to synchronize has to decide. */
async function meetInConflict(phone, laptop) {
  say('\nBoth edit the record fr of languages.ja while apart:')
  const [here, there] = [await phone.dataset('languages.ja'), await laptop.dataset('languages.ja')]
  await here.put('fr', 'フランス語(電話)')
  await there.put('fr', 'フランス語(ノート)')
  assert.equal(await here.synchronize(), 'synced')
  say('  the phone synchronizes first')

  let conflicts = 0
  const outcome = await there.synchronize((found) =>
    found.map((conflict) => {
      conflicts++
      const [theirs, ours] = [conflict.getRemoteRecord().getValue(), conflict.getLocalRecord().getValue()]
      say(`  the laptop meets a conflict on ${conflict.getKey()}: ${theirs} there, ${ours} here`)
      return conflict.resolveWithValue(`${theirs} + ${ours}`)
    }),
  )
  assert.equal(outcome, 'synced')
  assert.equal(conflicts, 1)
  assert.equal(await here.synchronize(), 'synced')
  const [phoneHas, laptopHas] = [await here.get('fr'), await there.get('fr')]
  assert.equal(phoneHas, laptopHas)
  assert.equal(phoneHas, 'フランス語(電話) + フランス語(ノート)')
  say(`  it keeps both, and both devices hold ${phoneHas}`)
}

/** The manager has no deletion of its own, so the phone calls the service; the laptop learns of it. */
async function deleteOnOne(phone, laptop) {
  say('\nThe phone deletes languages.th:')
  const { Dataset } = await phone.client.deleteDataset({ ...phone.path, DatasetName: 'languages.th' }).promise()
  say(`  ${Dataset.NumRecords} records and ${Dataset.DataStorage} bytes are gone`)
  const there = await laptop.dataset('languages.th')
  assert.equal(await there.synchronize(), 'deleted elsewhere')
  say('  the laptop synchronizes and is told that the dataset was deleted')
}

/** The server's figures are those of the data itself. */
async function addUp(phone) {
  const { IdentityUsage } = await phone.client.describeIdentityUsage(phone.path).promise()
  const sizes = LOCALES.filter((locale) => locale !== 'th').map((locale) => {
    const names = languageNames(locale)
    if (locale === 'ja') names.set('fr', 'フランス語(電話) + フランス語(ノート)')
    return [...names].flat().reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  })
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  assert.equal(IdentityUsage.DatasetCount, LOCALES.length - 1)
  assert.equal(IdentityUsage.DataStorage, bytes)
  say(`\nThe server counts ${IdentityUsage.DatasetCount} datasets and ${bytes} bytes, which is what was written.`)
}
