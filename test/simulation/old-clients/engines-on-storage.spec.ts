import { jest } from '@jest/globals'
import { Scene } from '../scene.js'
import { entriesOf, oneDevice } from './opened-devices.js'

jest.setTimeout(60_000)

describe('what other sync engines are complained about for', () => {
  test('[NG20] a device whose storage was evicted takes everything from the server and removes nothing there (PouchDB, LokiJS)', async () => {
    const { scene, user, phone, prefs } = await oneDevice()
    await scene.done(prefs.edit(Object.entries({ a: '1', b: '2' })).outcome)
    scene.crash(phone.device)
    phone.device.evict()
    const again = await scene.open(phone.device, { as: user })
    const anew = again.client.dataset('prefs')
    await scene.until('all is back', () => anew.size === 2)
    expect(scene.held(user, 'prefs').size).toBe(2)
    expect(await scene.done(anew.put('c', '3').outcome)).toEqual({ kind: 'accepted' })
  })

  test('[NG20] a storage that vanishes under an open tab is told, and what comes later is not lost in silence (tldraw)', async () => {
    const { scene, phone, prefs } = await oneDevice()
    await scene.done(prefs.put('a', '1').outcome)
    phone.device.evict()
    const write = prefs.put('b', '2')
    const saved = await scene.done(
      write.saved.then(
        () => 'saved',
        () => 'not saved',
      ),
    )
    if (saved === 'saved') await scene.done(write.outcome)
    else expect(prefs.get('b')).toBeUndefined()
  })

  test('[NG20] what is written after an eviction is found again by the next process', async () => {
    const { scene, user, phone, prefs } = await oneDevice()
    await scene.done(prefs.put('a', '1').outcome)
    phone.device.evict()
    scene.disconnect(phone.device)
    await scene.done(prefs.put('b', '2').saved)
    await scene.pass(1_000)
    scene.crash(phone.device)
    const again = await scene.open(phone.device, { as: user })
    expect(entriesOf(again.client.dataset('prefs'))).toEqual({ a: '1', b: '2' })
  })

  test('[NG25] a put appends what was put, however much waits already (InstantDB)', async () => {
    const sizes: number[] = []
    const scene = await Scene.begin()
    const user = scene.server.addIdentity()
    const device = scene.device('phone', {
      journal: (journal) =>
        new Proxy(journal, {
          get: (target, name) => {
            if (name === 'append') {
              return (...[group, term]: Parameters<typeof journal.append>) => {
                sizes.push(JSON.stringify(group).length)
                return target.append(group, term)
              }
            }
            const member: unknown = Reflect.get(target, name, target)
            return typeof member === 'function' ? (member.bind(target) as unknown) : member
          },
        }),
    })
    const phone = await scene.open(device, { as: user, paused: true })
    const prefs = phone.client.dataset('prefs')
    for (let count = 0; count < 500; count++) await scene.done(prefs.put(`k${count}`, 'v').saved)
    expect(Math.max(...sizes.slice(-50))).toBeLessThan(600)
  })

  test('[NG11] unsaved work is told apart: saved is said only once it survives (Replicache, Jazz)', async () => {
    const { scene, user, phone, prefs } = await oneDevice()
    scene.disconnect(phone.device)
    const saved: string[] = []
    for (let count = 0; count < 20; count++) {
      const write = prefs.put(`k${count}`, 'v')
      void write.saved.then(() => saved.push(`k${count}`))
      await scene.pass(1)
    }
    scene.crash(phone.device)
    const again = await scene.open(phone.device, { as: user })
    const keys = again.client
      .dataset('prefs')
      .pending()
      .map(({ key }) => key)
    expect(saved.length).toBeGreaterThan(0)
    expect(keys).toEqual(expect.arrayContaining(saved))
  })

  test('[NG26] a full disk loses nothing: the edit is shown, is not called saved, and is saved once there is room (Kinto, Firestore)', async () => {
    const { scene, user, phone, prefs } = await oneDevice()
    phone.device.faults.full = true
    const write = prefs.put('k', 'v')
    let saved = false
    void write.saved.then(() => (saved = true))
    expect(prefs.get('k')).toBe('v')
    await scene.pass(60_000)
    expect(saved).toBe(false)
    expect(scene.held(user, 'prefs').size).toBe(0)
    expect(phone.client.status.kind).toBe('stalled')
    phone.device.faults.full = false
    expect(await scene.done(write.outcome)).toEqual({ kind: 'accepted' })
    await scene.rest(phone)
  })
})
