import { jest } from '@jest/globals'
import { twoDevices, writeElsewhere } from './opened-devices.js'

jest.setTimeout(60_000)

describe('what the iOS client got wrong', () => {
  test('[NG7] a dataset of a thousand records arrives whole', async () => {
    const { scene, onPhone, onPad } = await twoDevices()
    const value = 'x'.repeat(900)
    await scene.done(onPhone.edit(Array.from({ length: 1_024 }, (_, index) => [`k${index}`, value])).outcome)
    await scene.until('all of it is there', () => onPad.size === 1_024)
  })

  test('[NG15] editing again what was just accepted, or is on its way, is no conflict', async () => {
    const { scene, user, onPhone } = await twoDevices({}, () => 'defer')
    scene.network.faults.delayMsMax = 500
    for (let round = 0; round < 20; round++) {
      onPhone.put('k', `${round}`)
      await scene.pass(37 * round)
      expect(onPhone.conflicts()).toEqual([])
    }
    await scene.until('the last one is held', () => scene.held(user, 'prefs').get('k') === '19')
    await scene.until('nothing waits', () => onPhone.pending().length === 0)
    expect(onPhone.conflicts()).toEqual([])
  })

  test('[NG2] an edit of a dataset that was deleted meanwhile is a conflict: neither lost nor silently brought back', async () => {
    const { scene, user, phone, onPhone } = await twoDevices({}, () => 'defer')
    await scene.done(onPhone.put('k', 'v').outcome)
    await writeElsewhere(scene, user, { k: 'theirs' })
    await scene.until('it arrives', () => onPhone.get('k') === 'theirs')
    scene.disconnect(phone.device)
    await scene.done(onPhone.put('k', 'mine').saved)
    await scene.done(scene.aws(user).deleteDataset('prefs'))
    scene.reconnect(phone.device)
    await scene.until('the conflict shows', () => onPhone.conflicts().length === 1)
    expect(onPhone.get('k')).toBe('mine')
    expect(onPhone.conflicts()[0]!.remote.value).toBeNull()
    expect(scene.held(user, 'prefs').size).toBe(0)
  })
})
