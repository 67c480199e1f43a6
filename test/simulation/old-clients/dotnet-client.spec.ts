import { jest } from '@jest/globals'
import { Scene } from '../scene.js'
import { entriesOf, oneDevice, writeElsewhere } from './opened-devices.js'

jest.setTimeout(60_000)

describe('what the .NET and Unity clients got wrong', () => {
  test('[NG8] signing in while a sync is on its way mixes nothing: all of the new user comes, nothing of the old one goes there', async () => {
    const scene = await Scene.begin()
    const [anna, bert] = [scene.server.addIdentity(), scene.server.addIdentity()]
    await writeElsewhere(scene, anna, { a: 'anna' })
    await writeElsewhere(scene, bert, { b: 'bert', c: 'bert' })
    scene.network.faults.delayMsMax = 1_000
    const device = scene.device('shared')
    const { client } = await scene.open(device, { as: anna })
    const prefs = client.dataset('prefs')
    await scene.pass(900)
    await scene.done(client.signOut({ wipe: false }))
    await scene.done(client.signIn(scene.loginOf('shared', bert), { guestData: 'leave' }))
    await scene.until('all of bert is there', () => prefs.size === 2)
    expect(entriesOf(prefs)).toEqual({ b: 'bert', c: 'bert' })
    await scene.pass(60_000)
    expect(scene.held(bert, 'prefs').has('a')).toBe(false)
  })

  test('[NG16] a server that cannot be reached is named in the status, with the time of the next try', async () => {
    const { scene, phone, prefs } = await oneDevice()
    scene.stopServer()
    await scene.done(prefs.put('k', 'v').saved)
    await scene.until('it waits', () => phone.client.status.kind === 'waiting')
    const { status } = phone.client
    expect(status.reason).not.toBe('')
    if (status.kind === 'waiting') expect(status.until).toBeGreaterThanOrEqual(status.since)
  })

  test('[NG2] a deleted dataset is not there again after a restart', async () => {
    const { scene, user, phone, prefs } = await oneDevice()
    await scene.done(prefs.put('k', 'v').outcome)
    await scene.done(scene.aws(user).deleteDataset('prefs'))
    await scene.until('it is gone', () => prefs.size === 0)
    scene.crash(phone.device)
    const again = await scene.open(phone.device, { as: user })
    expect(again.client.dataset('prefs').size).toBe(0)
    await scene.rest(again)
    expect(again.client.dataset('prefs').size).toBe(0)
    expect(scene.held(user, 'prefs').size).toBe(0)
  })

  test('[NG6] synchronize called twice at once resolves twice', async () => {
    const { scene, phone, prefs } = await oneDevice()
    prefs.put('k', 'v')
    const reports = await scene.done(Promise.all([phone.client.synchronize(), phone.client.synchronize()]))
    expect(reports).toHaveLength(2)
    expect(prefs.pending()).toEqual([])
  })
})
