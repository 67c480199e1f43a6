/**
 * One device: `node device.js <directory> <endpoint> <pool> [<guest>]`. Takes lines `key value` (`key` alone removes) from its input,
 * and says what it has, what it saves, and what changes, wherever that was. Ends with its input.
 */
import { createInterface } from 'node:readline'
import { openClient } from '@satchel/client'

const [directory, endpoint, pool, guest] = process.argv.slice(2)
const say = (text) => process.stdout.write(`${text}\n`)

const client = await openClient({ directory, endpoint, pool, ...(guest === undefined ? {} : { guest }) })
const preferences = client.dataset('preferences')

// What was kept is there before anybody was asked.
say(`has ${JSON.stringify(Object.fromEntries(preferences.entries()))}`)
preferences.subscribe(({ keys, by }) => {
  if (by !== 'here') for (const key of keys) say(`got ${key} ${preferences.get(key) ?? ''}`.trim())
})
const unsubscribe = client.onStatus(showIdentity)
showIdentity()

for await (const line of createInterface({ input: process.stdin })) {
  const [key, ...words] = line.split(' ')
  // Awaited, it would survive anything that happens to this process.
  await (words.length === 0 ? preferences.remove(key) : preferences.put(key, words.join(' ')))
  say(`saved ${key}`)
}
await client.close()

function showIdentity() {
  if (client.identity === null) return
  unsubscribe?.()
  say(`acts for ${client.identity}`)
}
