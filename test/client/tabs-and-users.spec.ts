import { JournalFault } from '../../libs/client/src/journal/journal.js'
import { until } from '../../libs/client/src/tabs/testing/until.js'
import type { SyncClient } from '../../libs/client/src/api.js'
import { DeviceOfTabs, loginAs } from './client-tabs.js'

const USER = 'us-east-1:20000000-0000-4000-8000-000000000002'
const GUEST = 'us-east-1:30000000-0000-4000-8000-000000000003'

let device: DeviceOfTabs
beforeEach(() => {
  device = new DeviceOfTabs()
})
afterEach(() => device.close())

const shown = (client: SyncClient): Record<string, string> => Object.fromEntries(client.dataset('notes').entries())

describe('a change of the user that fails', () => {
  const failing = async (prepare: (device: DeviceOfTabs) => void, beforeReplacing?: () => void) => {
    const client = await device.tab({ guest: GUEST, ...(beforeReplacing === undefined ? {} : { beforeReplacing }) })
    await client.dataset('notes').put('a', '1')
    const before = { stores: device.stores, profile: device.profile }
    prepare(device)
    return { client, before }
  }

  const refuse = (): never => {
    throw new JournalFault('unavailable', 'injected: the profile cannot be saved')
  }

  test.each([
    ['signIn', (client: SyncClient) => client.signIn(loginAs(USER))],
    ['signOut', (client: SyncClient) => client.signOut({ wipe: true })],
  ])('[NM4] %s leaves everything as it was when the profile cannot be saved', async (_, change) => {
    const { client, before } = await failing(() => {}, refuse)
    await expect(change(client)).rejects.toThrow('the profile cannot be saved')
    expect({ stores: device.stores, profile: device.profile }).toEqual(before)
    await client.dataset('notes').put('b', '2')
    expect(shown(client)).toEqual({ a: '1', b: '2' })
    expect(client.identity).toBe(GUEST)
    client.resume()
    await until(() => client.status.kind === 'waiting')
  })

  test('[NM4] signIn leaves everything as it was when the store of the user cannot be opened', async () => {
    const { client, before } = await failing(({ storage }) => {
      const store = storage.store.bind(storage)
      storage.store = (name) => {
        const file = store(name)
        file.failNext('recover', 'newer-format')
        return file
      }
    })
    await expect(client.signIn(loginAs(USER))).rejects.toMatchObject({ kind: 'newer-format' })
    expect(device.profile).toEqual(before.profile)
    await client.dataset('notes').put('b', '2')
    expect(shown(client)).toEqual({ a: '1', b: '2' })
    client.resume()
    await until(() => client.status.kind === 'waiting')
  })
})

describe('signing out with a wipe', () => {
  const twoTabs = async () => {
    const one = await device.tab()
    const two = await device.tab()
    await two.dataset('notes').put('secret', 'of the user')
    const { store } = device.profile
    return { one, two, file: device.storage.store(store), tabs: device.tabsOf(store) }
  }

  test('[NM5] a tab in the middle of an append does not write the wiped store anew', async () => {
    const { one, two, file } = await twoTabs()
    const letGo = file.hold('append')
    const write = two.dataset('notes').put('another secret', 'of the user')
    await one.signOut({ wipe: true })
    letGo()
    await expect(write.saved).rejects.toMatchObject({ kind: 'lost' })
    await until(() => two.dataset('notes').size === 0)
    await two.dataset('notes').put('mine', 'a new guest')
    expect(shown(two)).toEqual({ mine: 'a new guest' })
    expect([file.groups, file.snapshot]).toEqual([[], null])
    expect(device.stores).toEqual([device.profile.store])
  })

  test('[NM5] a tab that was told nothing of it does neither, and goes on as the new guest', async () => {
    const { one, two, file, tabs } = await twoTabs()
    ;[...tabs.tabs][1]!.freeze()
    await one.signOut({ wipe: true })
    await expect(two.dataset('notes').put('another secret', 'of the user').saved).rejects.toMatchObject({
      kind: 'lost',
    })
    await until(() => two.dataset('notes').size === 0)
    expect([file.groups, file.snapshot]).toEqual([[], null])
    expect(device.stores).toEqual([device.profile.store])
    await one.dataset('notes').put('mine', 'a new guest')
    await until(() => shown(two)['mine'] === 'a new guest')
  })

  test('[NM5] a store that was evicted, and not wiped, is written anew', async () => {
    const { two, file } = await twoTabs()
    file.evict()
    device.storage.profile = null
    await two.dataset('notes').put('draft', 'saved after all')
    expect(file.snapshot).not.toBe(null)
    const again = await device.tab()
    expect(shown(again)).toEqual({ secret: 'of the user', draft: 'saved after all' })
  })
})

describe('two tabs that take a guest over at once', () => {
  test('[NM6] both end in one store, with what each wrote before, meanwhile and afterwards', async () => {
    const [one, two] = [await device.tab({ guest: GUEST }), await device.tab()]
    await one.dataset('notes').put('a', '1')
    await two.dataset('notes').put('b', '2')
    void one.dataset('notes').put('c', '3')
    void two.dataset('notes').put('d', '4')
    await Promise.all([one.signIn(loginAs(USER)), two.signIn(loginAs(USER))])
    await one.dataset('notes').put('e', '5')
    await two.dataset('notes').put('f', '6')
    const all = { a: '1', b: '2', c: '3', d: '4', e: '5', f: '6' }
    await until(() => Object.keys(shown(one)).length === 6 && Object.keys(shown(two)).length === 6)
    expect([shown(one), shown(two), shown(await device.tab())]).toEqual([all, all, all])
    expect([one.identity, two.identity, device.profile.identity]).toEqual([USER, USER, USER])
    expect(device.profile.adopting).toBe(null)
    expect(device.stores).toEqual([device.profile.store])
  })

  /** A device whose user has a store here already, and has signed out again. */
  const withStoreOfUser = async () => {
    const first = await device.tab()
    await first.signIn(loginAs(USER))
    await first.dataset('notes').put('old', 'of the user')
    const theirs = device.storage.store(device.profile.store)
    await first.signOut({ wipe: false })
    return { first, theirs }
  }

  test('[NM6] what the second one writes while the first take-over is on its way comes along too', async () => {
    const { first: one, theirs } = await withStoreOfUser()
    const two = await device.tab()
    await one.dataset('notes').put('a', '1')
    await until(() => shown(two)['a'] === '1')
    const letGo = theirs.hold('append')
    const signing = one.signIn(loginAs(USER))
    await until(() => device.profile.adopting !== null && one.identity === USER)
    await two.dataset('notes').put('late', 'saved')
    const signingToo = two.signIn(loginAs(USER))
    await until(() => two.identity === USER)
    const unsaved = two.dataset('notes').put('later', 'not yet')
    letGo()
    await Promise.all([signing, signingToo, unsaved])
    const all = { old: 'of the user', a: '1', late: 'saved', later: 'not yet' }
    await until(() => Object.keys(shown(one)).length === 4)
    expect([shown(one), shown(two), shown(await device.tab())]).toEqual([all, all, all])
    expect(device.stores).toEqual([device.profile.store])
  })

  test('[NM6] what a tab that follows had not saved yet comes along, and is called saved once it is', async () => {
    const { first: one } = await withStoreOfUser()
    const two = await device.tab()
    const guests = device.storage.store(device.profile.store)
    await two.dataset('notes').put('a', '1')
    await until(() => shown(one)['a'] === '1')
    guests.failNext('append', 'full', 1_000)
    const write = two.dataset('notes').put('unsaved', 'kept all the same')
    await one.signIn(loginAs(USER))
    await write.saved
    const all = { old: 'of the user', a: '1', unsaved: 'kept all the same' }
    await until(() => Object.keys(shown(one)).length === 3)
    expect([shown(one), shown(two), shown(await device.tab())]).toEqual([all, all, all])
  })
})
