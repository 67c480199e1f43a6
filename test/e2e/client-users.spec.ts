import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { aUser, DemoPeople } from '../support/demo-people.js'

const people = new DemoPeople()

test('[NL5] data kept at sign-out is there again after the next sign-in, edits that were never sent included', async () => {
  const user = aUser()
  const client = await people.open({ login: people.loginOf(user) })
  const settings = client.dataset('settings')
  await settings.put('theme', 'dark')
  await client.synchronize()
  client.pause()
  await settings.put('draft', 'never sent')
  await client.signOut({ wipe: false })
  expect(settings.entries()).toEqual([])
  await client.synchronize()
  const guest = client.identity
  await client.signIn(people.loginOf(user))
  expect(client.identity).not.toBe(guest)
  expect(new Map(settings.entries())).toEqual(
    new Map([
      ['draft', 'never sent'],
      ['theme', 'dark'],
    ]),
  )
  await client.synchronize()
  expect((await people.elsewhere(user)).get('draft')).toBe('never sent')
})

test('[NL6] data wiped at sign-out are gone from the device', async () => {
  const directory = people.directory()
  const client = await people.open({ login: people.loginOf(aUser()), directory })
  await client.dataset('settings').put('theme', 'dark')
  await client.synchronize()
  await client.signOut({ wipe: true })
  const [home] = readdirSync(directory)
  const stores = readdirSync(join(directory, home!), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(stores).toHaveLength(1)
  expect(client.dataset('settings').size).toBe(0)
})

test('[NL7] a signed-in device opened without a login reads and writes, says that it needs one, and goes on with it', async () => {
  const user = aUser()
  const directory = people.directory()
  const before = await people.open({ login: people.loginOf(user), directory })
  await before.dataset('settings').put('theme', 'dark')
  await before.synchronize()
  await before.close()

  const client = await people.open({ directory })
  const settings = client.dataset('settings')
  expect(settings.get('theme')).toBe('dark')
  await settings.put('draft', 'written while signed out')
  await new Promise<void>((resolve) => {
    if (client.status.kind === 'needs-auth') resolve()
    client.onStatus(({ kind }) => kind === 'needs-auth' && resolve())
  })
  await client.signIn(people.loginOf(user))
  await client.synchronize()
  expect((await people.elsewhere(user)).get('draft')).toBe('written while signed out')
})

test('[NL8] one user’s data are never mixed with another’s', async () => {
  const [one, two] = [aUser(), aUser()]
  const client = await people.open({ login: people.loginOf(one) })
  const settings = client.dataset('settings')
  await settings.put('secret', 'of the first')
  await client.synchronize()
  await client.signIn(people.loginOf(two))
  expect(settings.entries()).toEqual([])
  await settings.put('theme', 'dark')
  await client.synchronize()
  expect(await people.elsewhere(two)).toEqual(new Map([['theme', 'dark']]))
  await client.signIn(people.loginOf(one))
  expect(settings.entries()).toEqual([['secret', 'of the first']])
})

test('a sign-in that fails leaves everything as it was', async () => {
  const client = await people.open()
  const settings = client.dataset('settings')
  await settings.put('theme', 'dark')
  await client.synchronize()
  const guest = client.identity
  await expect(client.signIn(() => Promise.reject(new Error('no backend')))).rejects.toThrow()
  expect(client.identity).toBe(guest)
  await settings.put('language', 'de')
  await client.synchronize()
  expect(settings.size).toBe(2)
})
