import { jest } from '@jest/globals'
import type { Resolver } from '../../../libs/client/src/api.js'
import { Scene } from '../scene.js'
import { oneDevice, twoDevices, writeElsewhere } from './opened-devices.js'

jest.setTimeout(60_000)

describe('what the Android client got wrong', () => {
  test('[NG11] edits without a network are kept, over restarts, and go out by themselves when it is back', async () => {
    const { scene, user, phone, prefs } = await oneDevice()
    scene.disconnect(phone.device)
    await scene.done(prefs.put('k', 'offline').saved)
    scene.crash(phone.device)
    const again = await scene.open(phone.device, { as: user })
    expect(again.client.dataset('prefs').get('k')).toBe('offline')
    expect(again.client.dataset('prefs').pending()).toHaveLength(1)
    await scene.pass(3 * 86_400_000)
    scene.reconnect(phone.device)
    await scene.until('the server has it', () => scene.held(user, 'prefs').get('k') === 'offline')
  })

  test('[NG12] a conflict that nobody decides is told, shown, and holds back nothing but its key', async () => {
    const { scene, user, phone, onPhone } = await twoDevices({}, () => 'defer')
    scene.disconnect(phone.device)
    const clashing = onPhone.put('theme', 'dark')
    const other = onPhone.put('font', 'mono')
    await scene.done(other.saved)
    await writeElsewhere(scene, user, { theme: 'light' })
    scene.reconnect(phone.device)
    expect(await scene.done(clashing.outcome)).toEqual({ kind: 'conflict' })
    expect(await scene.done(other.outcome)).toEqual({ kind: 'accepted' })
    await expect(scene.done(phone.client.synchronize())).resolves.toMatchObject({ conflicts: 1 })
    expect(onPhone.conflicts()).toHaveLength(1)
    const resolved = onPhone.conflicts()[0]!.resolve('local')
    expect(await scene.done(resolved.outcome)).toEqual({ kind: 'accepted' })
    expect(scene.held(user, 'prefs').get('theme')).toBe('dark')
  })

  test('[NG12] a resolver that throws loses neither side', async () => {
    const faults: Error[] = []
    const scene = await Scene.begin()
    const user = scene.server.addIdentity()
    const conflicts: Resolver = () => {
      throw new Error('no idea')
    }
    const phone = await scene.open(scene.device('phone'), {
      as: user,
      conflicts,
      onFault: (fault) => faults.push(fault),
    })
    const prefs = phone.client.dataset('prefs')
    await scene.rest(phone)
    scene.disconnect(phone.device)
    await scene.done(prefs.put('theme', 'dark').saved)
    await writeElsewhere(scene, user, { theme: 'light' })
    scene.reconnect(phone.device)
    await scene.until('the conflict shows', () => prefs.conflicts().length === 1)
    expect(prefs.conflicts()[0]).toMatchObject({ local: { value: 'dark' }, remote: { value: 'light' } })
    expect(faults.length).toBeGreaterThan(0)
  })

  test('[NG12] last-writer lets the newer edit win, on whichever side it was made', async () => {
    const { scene, user, phone, pad, onPhone, onPad } = await twoDevices({}, 'last-writer')
    scene.disconnect(phone.device)
    await scene.done(onPhone.put('newer here', 'old').saved)
    await scene.done(onPad.put('newer here', 'older').outcome)
    await scene.pass(5_000)
    await scene.done(onPhone.put('newer here', 'newest').saved)
    await scene.done(onPhone.put('newer there', 'older').saved)
    await scene.pass(5_000)
    await scene.done(onPad.put('newer there', 'newest').outcome)
    scene.reconnect(phone.device)
    await scene.rest(phone, pad)
    await scene.until(
      'both agree',
      () => onPad.get('newer here') === 'newest' && onPhone.get('newer there') === 'newest',
    )
    expect(Object.fromEntries(scene.held(user, 'prefs'))).toEqual({ 'newer here': 'newest', 'newer there': 'newest' })
  })

  test('[NG13] two eager devices that write one key come to rest', async () => {
    const { scene, phone, pad, onPhone, onPad } = await twoDevices({}, 'local')
    for (let round = 0; round < 20; round++) {
      onPhone.put('k', `phone ${round}`)
      onPad.put('k', `pad ${round}`)
      await scene.pass(7)
    }
    await scene.rest(phone, pad)
    await scene.until('both agree', () => onPhone.get('k') === onPad.get('k') && onPhone.pending().length === 0)
    expect(scene.asked.length).toBeLessThan(400)
  })

  test('[NG9] a device whose token ended long ago asks for a new one and goes on', async () => {
    const { scene, user, phone, prefs } = await oneDevice({ tokenLifeMs: 60_000 })
    scene.disconnect(phone.device)
    await scene.done(prefs.put('k', 'v').saved)
    await scene.pass(2 * 86_400_000)
    scene.reconnect(phone.device)
    await scene.until('the server has it', () => scene.held(user, 'prefs').get('k') === 'v')
  })

  test('[NG14] a guest who signs in as somebody with a dataset of that name keeps both: clashes are conflicts', async () => {
    const scene = await Scene.begin()
    const user = scene.server.addIdentity()
    await writeElsewhere(scene, user, { theme: 'light', font: 'mono' })
    const device = scene.device('phone')
    const phone = await scene.open(device, { conflicts: () => 'defer' })
    const prefs = phone.client.dataset('prefs')
    await scene.done(prefs.edit(Object.entries({ theme: 'dark', zoom: '2' })).outcome)
    await scene.done(phone.client.signIn(scene.loginOf('phone', user)))
    await scene.until('the rest arrives', () => prefs.get('font') === 'mono')
    await scene.until('what does not clash is sent', () => scene.held(user, 'prefs').get('zoom') === '2')
    expect(prefs.get('theme')).toBe('dark')
    expect(prefs.conflicts()).toHaveLength(1)
    expect(scene.held(user, 'prefs').get('theme')).toBe('light')
  })
})
