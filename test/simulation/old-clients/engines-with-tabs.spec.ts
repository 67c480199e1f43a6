import { jest } from '@jest/globals'
import { aDevice } from './opened-devices.js'

jest.setTimeout(60_000)

describe('what other sync engines are complained about for', () => {
  test("[NG19] two tabs that open at once both come up, show each other's edits, and send each once (RxDB, LiveStore, Actual)", async () => {
    const { scene, user, device } = await aDevice('laptop')
    const [left, right] = await scene.done(
      Promise.all([scene.open(device, { as: user }), scene.open(device, { as: user })]),
    )
    const [onLeft, onRight] = [left.client.dataset('prefs'), right.client.dataset('prefs')]
    onLeft.put('left', '1')
    onRight.put('right', '2')
    await scene.until('both see both', () => onLeft.size === 2 && onRight.size === 2)
    await scene.until('the server has both', () => scene.held(user, 'prefs').size === 2)
    await scene.rest(left, right)
    expect(onRight.pending()).toEqual([])
    expect(scene.syncCount(user, 'prefs')).toBeLessThanOrEqual(2)
  })

  test('[NG19] a frozen leader is replaced, and its sibling reads and saves meanwhile (RxDB, InstantDB)', async () => {
    const { scene, user, device } = await aDevice('laptop')
    const left = await scene.open(device, { as: user })
    const onLeft = left.client.dataset('prefs')
    await scene.done(onLeft.put('before', '1').outcome)
    const right = await scene.open(device, { as: user })
    const onRight = right.client.dataset('prefs')
    await scene.until('the other tab has it', () => onRight.get('before') === '1')
    const [leader, other] = device.leads(left.tab) ? [left, right] : [right, left]
    leader.tab.life.freeze()
    const write = other.client.dataset('prefs').put('during', '2')
    await scene.done(write.saved)
    await scene.until('it is sent by the other tab', () => scene.held(user, 'prefs').get('during') === '2')
    await scene.pass(3_600_000)
    leader.tab.life.wake()
    const late = leader.client.dataset('prefs').put('after', '3')
    await scene.done(late.saved)
    await scene.until('nothing is lost', () => scene.held(user, 'prefs').size === 3)
    await scene.until('the woken tab sees all', () => leader.client.dataset('prefs').size === 3)
  })

  test('[NG19] what a dead leader had sent is taken over by the next one, once (LiveStore)', async () => {
    const { scene, user, device } = await aDevice('laptop')
    const left = await scene.open(device, { as: user })
    const onLeft = left.client.dataset('prefs')
    await scene.rest(left)
    const right = await scene.open(device, { as: user })
    const onRight = right.client.dataset('prefs')
    await scene.rest(right)
    scene.network.faults.swallow = 1
    await scene.done(onLeft.put('k', 'v').saved)
    await scene.until('the server has it', () => scene.held(user, 'prefs').get('k') === 'v')
    device.kill([left.tab])
    scene.network.faults.swallow = 0
    await scene.until('the other tab knows', () => onRight.pending().length === 0 && onRight.get('k') === 'v')
    expect(scene.syncCount(user, 'prefs')).toBe(1)
  })

  test('[NG19] a tab that follows goes on showing how its leader stands when its app says resume', async () => {
    const { scene, user, device } = await aDevice('laptop')
    const left = await scene.open(device, { as: user })
    const right = await scene.open(device, { as: user })
    await scene.rest(left, right)
    left.client.resume()
    right.client.resume()
    await scene.pass(60_000)
    expect([left.client.status.kind, right.client.status.kind]).toEqual(['live', 'live'])
  })
})
