import type { Choice, ConflictSides } from '@satchel/client/node'
import { adminOf } from '../support/a-pool.js'
import { aUser, DemoPeople } from '../support/demo-people.js'
import { eventually } from '../support/eventually.js'

const people = new DemoPeople()

test('[NL1] a guest who signs in as a new user goes on with the same identity and data', async () => {
  const user = aUser()
  const client = await people.open()
  const settings = client.dataset('settings')
  await settings.put('theme', 'dark')
  await client.synchronize()
  const guest = client.identity

  await client.signIn(people.loginOf(user))
  expect(settings.get('theme')).toBe('dark')
  await settings.put('language', 'de')
  await client.synchronize()
  expect(client.identity).toBe(guest)
  expect(await people.elsewhere(user)).toEqual(
    new Map([
      ['language', 'de'],
      ['theme', 'dark'],
    ]),
  )
})

test('[NL2] what a guest has comes along to a user who has data already, sent or not', async () => {
  const { user, first } = await people.userWith({ font: 'large' })

  const client = await people.open()
  const settings = client.dataset('settings')
  await settings.put('theme', 'dark')
  await client.synchronize()
  client.pause()
  await settings.put('draft', 'never sent as a guest')
  await client.signIn(people.loginOf(user))
  client.resume()
  await client.synchronize()
  expect(client.identity).toBe(first.identity)
  const all = new Map([
    ['draft', 'never sent as a guest'],
    ['font', 'large'],
    ['theme', 'dark'],
  ])
  expect(new Map(settings.entries())).toEqual(all)
  expect(await people.elsewhere(user)).toEqual(all)
})

test('[NL2] a key that guest and user both have is a conflict like any other, and is resolved by its policy', async () => {
  const { user } = await people.userWith({ theme: 'light' })

  const asked: ConflictSides[] = []
  const client = await people.open({
    conflicts: (sides): Choice => {
      asked.push(sides)
      return { value: `${sides.local.value} over ${sides.remote.value}` }
    },
  })
  const settings = client.dataset('settings')
  await settings.put('theme', 'dark')
  await client.signIn(people.loginOf(user))
  await client.synchronize()
  expect(asked).toMatchObject([
    { dataset: 'settings', key: 'theme', local: { value: 'dark' }, remote: { value: 'light' } },
  ])
  expect(await people.elsewhere(user)).toEqual(new Map([['theme', 'dark over light']]))
})

test('[NL2] edits made while the sign-in is under way are not lost', async () => {
  const { user } = await people.userWith({ font: 'large' })

  const client = await people.open()
  const settings = client.dataset('settings')
  await settings.put('key-0', '0')
  let written = 1
  let signedIn = false
  const signing = client.signIn(people.loginOf(user)).then(() => (signedIn = true))
  while (!signedIn) {
    void settings.put(`key-${written}`, String(written))
    written++
    await new Promise((resolve) => setImmediate(resolve))
  }
  await signing
  await client.synchronize()
  const there = await people.elsewhere(user)
  for (let at = 0; at < written; at++) expect(there.get(`key-${at}`)).toBe(String(at))
})

test('[NL3] an app may leave the guest’s data behind', async () => {
  const { user } = await people.userWith({ theme: 'light' })
  const client = await people.open()
  const settings = client.dataset('settings')
  await settings.put('theme', 'dark')
  await settings.put('draft', 'a guest’s')
  await client.synchronize()
  await client.signIn(people.loginOf(user), { guestData: 'leave' })
  await client.synchronize()
  expect(settings.entries()).toEqual([['theme', 'light']])
})

test('[NL4] a dataset tells its subscribers what another user shows differently', async () => {
  const { user } = await people.userWith({ theme: 'light', font: 'large' })
  const client = await people.open()
  const settings = client.dataset('settings')
  await settings.put('draft', 'a guest’s')
  await client.signIn(people.loginOf(user))
  const changed = new Set<string>()
  settings.subscribe(({ keys }) => keys.forEach((key) => changed.add(key)))
  await client.synchronize()
  expect([...changed].sort()).toEqual(['font', 'theme'])
  await client.signOut({ wipe: false })
  expect([...changed].sort()).toEqual(['draft', 'font', 'theme'])
  expect(settings.size).toBe(0)
})

test('[NL9] a guest whom the server has forgotten goes on as another one, with everything that is on the device', async () => {
  const client = await people.open()
  const settings = client.dataset('settings')
  await settings.put('theme', 'dark')
  await client.synchronize()
  const before = client.identity!
  client.pause()
  await settings.put('draft', 'never sent')
  await adminOf(people.server).identity.deleteIdentities({ IdentityIdsToDelete: [before] })
  client.resume()
  await client.synchronize().catch(() => {}) // The store changes under it.
  await eventually(async () => {
    await client.synchronize()
    expect(client.identity).not.toBe(before)
    expect(settings.pending()).toEqual([])
  }, 20_000)
  const other = await people.open({ guest: client.identity! })
  const theirs = other.dataset('settings')
  await other.synchronize()
  expect(new Map(theirs.entries())).toEqual(
    new Map([
      ['draft', 'never sent'],
      ['theme', 'dark'],
    ]),
  )
})
