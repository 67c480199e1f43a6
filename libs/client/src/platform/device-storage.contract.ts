import { groupOf } from '../journal/journal.contract.js'
import type { DeviceStorage, Profile } from './device-storage.js'

/** One device, with as many storages on it as a test opens. */
export type StorageHarness = Readonly<{
  /** Another tab or process of the app, for an endpoint of its own where one is named. */
  open(endpoint?: string): DeviceStorage
  close(): Promise<void>
}>

export const profileOf = (store: string, over: Partial<Profile> = {}): Profile => ({
  store,
  identity: null,
  guest: true,
  adopting: null,
  kept: [],
  ...over,
})

/** What every adapter of {@link DeviceStorage} must do. */
export function deviceStorageContract(make: () => Promise<StorageHarness>): void {
  let harness: StorageHarness
  let storage: DeviceStorage
  beforeEach(async () => {
    harness = await make()
    storage = harness.open()
  })
  afterEach(() => harness.close())

  test('[NC15] a fresh profile is saved where there is none, and nowhere else', async () => {
    expect(await storage.profile(profileOf('first'))).toEqual(profileOf('first'))
    expect(await storage.profile(profileOf('second'))).toEqual(profileOf('first'))
    expect(await harness.open().profile(profileOf('third'))).toEqual(profileOf('first'))
  })

  test('[NC15] of many that open a pool for the first time at once, all get the profile of one', async () => {
    const crowd = Array.from({ length: 8 }, (_, at) => harness.open().profile(profileOf(`store ${at}`)))
    const profiles = await Promise.all(crowd)
    expect(new Set(profiles.map(({ store }) => store)).size).toBe(1)
    expect(await storage.profile(profileOf('late'))).toEqual(profiles[0])
  })

  test('[NC15] a profile replaces the one before, for everybody', async () => {
    const profile = profileOf('mine', {
      identity: 'eu-west-1:1',
      guest: false,
      adopting: 'guest',
      kept: [{ identity: 'eu-west-1:2', store: 'other' }],
    })
    const guest = await storage.profile(profileOf('guest'))
    expect(await storage.replaceProfile({ from: guest, to: profile })).toEqual(profile)
    expect(await harness.open().profile(profileOf('fresh'))).toEqual(profile)
  })

  test('[NM3] a profile that another tab has replaced already is not replaced, and what is stored is told', async () => {
    const guest = await storage.profile(profileOf('guest'))
    const first = await storage.replaceProfile({ from: guest, to: profileOf('first', { identity: 'eu-west-1:1' }) })
    expect(await harness.open().replaceProfile({ from: guest, to: profileOf('second') })).toEqual(first)
    expect(await storage.profile(profileOf('late'))).toEqual(first)
  })

  test('[NM3] a profile of the same store that has become another identity’s is not replaced', async () => {
    const guest = await storage.profile(profileOf('guest'))
    const known = await storage.replaceProfile({ from: guest, to: profileOf('guest', { identity: 'eu-west-1:1' }) })
    expect(await storage.replaceProfile({ from: guest, to: profileOf('other') })).toEqual(known)
    expect(await storage.replaceProfile({ from: known, to: profileOf('other') })).toEqual(profileOf('other'))
  })

  test('[NM3] where no profile is left, as after an eviction, one is stored', async () => {
    const to = profileOf('mine')
    expect(await storage.replaceProfile({ from: profileOf('guest'), to })).toEqual(to)
    expect(await storage.profile(profileOf('late'))).toEqual(to)
  })

  test('[NC15] endpoints are kept apart', async () => {
    const other = harness.open('https://other.example')
    await storage.profile(profileOf('mine'))
    expect(await other.profile(profileOf('theirs'))).toEqual(profileOf('theirs'))
  })

  test('[NC1] a store is made when it is opened first, and is there later, whatever its name', async () => {
    for (const name of ['store', '..', 'a/b:c|d', '__proto__', 'ä']) {
      const journal = await storage.open(name)
      expect((await journal.recover()).groups).toEqual([])
      await journal.append(groupOf(name), null)
      await journal.close()
      const again = await harness.open().open(name)
      expect((await again.recover()).groups).toEqual([{ place: 1, group: groupOf(name) }])
      await again.close()
    }
  })

  test('[NC16] a store that is removed is empty when it is opened again; others stay', async () => {
    for (const name of ['one', 'two']) {
      const journal = await storage.open(name)
      await journal.recover()
      await journal.append(groupOf(name), null)
      await journal.close()
    }
    await storage.remove('one')
    await storage.remove('never was')
    const [one, two] = [await storage.open('one'), await storage.open('two')]
    expect((await one.recover()).groups).toEqual([])
    expect((await two.recover()).groups).toHaveLength(1)
    await one.close()
    await two.close()
    await storage.close()
  })
}
