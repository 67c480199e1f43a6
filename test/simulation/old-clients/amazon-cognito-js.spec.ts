import { jest } from '@jest/globals'
import { EditRefused } from '../../../libs/client/src/api.js'
import { ConnectionFault } from '../../../libs/client/src/transport/transport.js'
import { Scene } from '../scene.js'
import { entriesOf, oneDevice, twoDevices, writeElsewhere } from './opened-devices.js'

jest.setTimeout(60_000)

/** A device that Anna has signed in on, and Bert has an identity of his own. */
async function sharedDevice() {
  const scene = await Scene.begin()
  const [anna, bert] = [scene.server.addIdentity(), scene.server.addIdentity()]
  const device = scene.device('shared')
  const { client } = await scene.open(device, { as: anna })
  return { scene, anna, bert, device, client, prefs: client.dataset('prefs') }
}

describe('what amazon-cognito-js got wrong', () => {
  test('[NG1] an empty value is a value: it is kept, sent, and read on the other device', async () => {
    const { scene, user, onPhone, onPad } = await twoDevices()
    await scene.done(onPhone.put('k', '').outcome)
    expect(onPhone.get('k')).toBe('')
    expect(scene.held(user, 'prefs')).toEqual(new Map([['k', '']]))
    await scene.until('the other device has it', () => onPad.get('k') === '')
  })

  test('[NG1] a removed key does not come back as empty, neither here nor where the removal arrives', async () => {
    const { scene, onPhone, onPad } = await twoDevices()
    await scene.done(onPhone.put('k', 'v').outcome)
    await scene.until('the other device has it', () => onPad.get('k') === 'v')
    await scene.done(onPhone.remove('k').outcome)
    await scene.until('it is gone on the other device', () => onPad.size === 0)
    for (const dataset of [onPhone, onPad]) {
      expect(dataset.get('k')).toBeUndefined()
      expect(dataset.entries()).toEqual([])
    }
  })

  test('[NG2] a dataset that was deleted elsewhere goes here without a fault, and is made anew by the next edit', async () => {
    const { scene, user, phone, onPhone } = await twoDevices()
    await scene.done(onPhone.put('k', 'v').outcome)
    await scene.done(scene.aws(user).deleteDataset('prefs'))
    await scene.until('the deletion arrives', () => onPhone.size === 0)
    await scene.rest(phone)
    const write = onPhone.put('k', 'anew')
    expect(await scene.done(write.outcome)).toEqual({ kind: 'accepted' })
    expect(scene.held(user, 'prefs')).toEqual(new Map([['k', 'anew']]))
  })

  test('[NG3] with one conflict in a pull the other pulled records are stored', async () => {
    const { scene, user, phone, onPhone } = await twoDevices({}, () => 'defer')
    scene.disconnect(phone.device)
    await scene.done(onPhone.put('theme', 'dark').saved)
    await writeElsewhere(scene, user, { theme: 'light', font: 'mono' })
    scene.reconnect(phone.device)
    await scene.until('the conflict shows', () => onPhone.conflicts().length === 1)
    await scene.until('the rest is there', () => onPhone.get('font') === 'mono')
    expect(onPhone.get('theme')).toBe('dark')
    expect(onPhone.conflicts()[0]).toMatchObject({ key: 'theme', local: { value: 'dark' }, remote: { value: 'light' } })
  })

  test('[NG4] a write by another device between reading and writing is not skipped', async () => {
    const { scene, user, phone, onPhone } = await twoDevices()
    scene.network.faults.delayMsMax = 2_000
    scene.network.faults.loseHint = 1
    const aws = scene.aws(user)
    for (let round = 0; round < 10; round++) {
      const mine = onPhone.put('mine', `${round}`)
      await scene.pass(300 * round)
      await scene.done(aws.write('prefs', new Map([[`theirs ${round}`, 'x']])))
      await scene.done(mine.outcome)
    }
    await scene.done(phone.client.synchronize())
    expect(entriesOf(onPhone)).toEqual(Object.fromEntries(scene.held(user, 'prefs')))
    expect(onPhone.size).toBe(11)
  })

  test('[NG5] an edit equal to what another device wrote is adopted, and nothing is sent for ever', async () => {
    const { scene, user, phone, onPhone } = await twoDevices({}, () => 'defer')
    scene.disconnect(phone.device)
    const write = onPhone.put('theme', 'dark')
    await scene.done(write.saved)
    await writeElsewhere(scene, user, { theme: 'dark' })
    scene.reconnect(phone.device)
    expect(await scene.done(write.outcome)).toEqual({ kind: 'accepted' })
    await scene.rest(phone)
    expect(onPhone.pending()).toEqual([])
    expect(onPhone.conflicts()).toEqual([])
    const asked = scene.asked.length
    await scene.pass(600_000)
    expect(scene.sentBatches(asked)).toEqual([])
  })

  test('[NG6] synchronize resolves with nothing to send, with an emptied dataset, and with one that never was', async () => {
    const { scene, user, phone, prefs } = await oneDevice()
    await expect(scene.done(phone.client.synchronize())).resolves.toMatchObject({ accepted: 0, received: 0 })
    await scene.done(prefs.put('k', 'v').outcome)
    await scene.done(scene.aws(user).deleteDataset('prefs'))
    await expect(scene.done(phone.client.synchronize())).resolves.toBeDefined()
    expect(prefs.size).toBe(0)
  })

  test('[NG6] synchronize says how much came and how much went', async () => {
    const { scene, user, phone, prefs } = await oneDevice()
    phone.client.pause()
    await scene.done(prefs.put('mine', '1').saved)
    const theirs = new Map([
      ['a', '1'],
      ['b', '2'],
    ])
    await scene.done(scene.aws(user).write('prefs', theirs))
    phone.client.resume()
    await expect(scene.done(phone.client.synchronize())).resolves.toMatchObject({ accepted: 1, received: 2 })
    expect(entriesOf(prefs)).toEqual({ mine: '1', a: '1', b: '2' })
  })

  test('[NG7] a restart asks only for what changed since', async () => {
    const { scene, user, phone, prefs } = await oneDevice()
    await scene.done(prefs.edit(Array.from({ length: 50 }, (_, index) => [`k${index}`, 'v'])).outcome)
    const reached = prefs.syncCount
    scene.crash(phone.device)
    await writeElsewhere(scene, user, { new: 'x' })
    const before = scene.answered.length
    const again = await scene.open(phone.device, { as: user })
    expect(again.client.dataset('prefs').size).toBe(50)
    await scene.until('the news arrives', () => again.client.dataset('prefs').get('new') === 'x')
    const asked = scene.asked.at(-1)!.datasets.find(({ dataset }) => dataset === 'prefs')
    expect(asked?.since).toBeGreaterThanOrEqual(reached)
    const records = scene.answered
      .slice(before)
      .flatMap(({ datasets }) => datasets.flatMap(({ changes }) => changes?.records ?? []))
    expect(records.length).toBeLessThanOrEqual(1)
  })

  test('[NG8] signing out with a wipe removes what this user had here, and nobody else', async () => {
    const { scene, anna, bert, device, client, prefs } = await sharedDevice()
    await scene.done(prefs.put('who', 'anna').outcome)
    await scene.done(client.signOut({ wipe: false }))
    await scene.done(client.signIn(scene.loginOf('shared', bert), { guestData: 'leave' }))
    await scene.done(prefs.put('who', 'bert').outcome)
    await scene.done(client.signOut({ wipe: true }))
    expect(prefs.size).toBe(0)
    scene.disconnect(device)
    scene.reconnect(device)
    await scene.done(client.signIn(scene.loginOf('shared', anna), { guestData: 'leave' }))
    expect(prefs.get('who')).toBe('anna')
  })

  test('[NG8] what is kept belongs to one user: another one who signs in sees and sends none of it', async () => {
    const { scene, bert, device, client, prefs } = await sharedDevice()
    await scene.done(prefs.put('secret', 'of anna').outcome)
    scene.disconnect(device)
    await scene.done(prefs.put('unsent', 'of anna').saved)
    scene.reconnect(device)
    await scene.done(client.signOut({ wipe: false }))
    expect(prefs.size).toBe(0)
    await scene.done(client.signIn(scene.loginOf('shared', bert)))
    await scene.pass(60_000)
    expect(prefs.size).toBe(0)
    expect(scene.held(bert, 'prefs').size).toBe(0)
    expect(prefs.syncCount).toBe(0)
  })

  test('[NG9] a session that the server no longer takes is no success: the status says so and synchronize rejects', async () => {
    const scene = await Scene.begin({ tokenLifeMs: 60_000 })
    const user = scene.server.addIdentity()
    let isSignedIn = true
    const login = () =>
      isSignedIn
        ? Promise.resolve({ identityId: user, token: scene.server.tokenFor(user) })
        : Promise.reject(
            new ConnectionFault('refused', 'sign in again', {
              code: 'NotAuthorized',
              message: 'no',
              retryAfterMs: null,
            }),
          )
    const { client } = await scene.open(scene.device('phone'), { login })
    const prefs = client.dataset('prefs')
    await scene.until('it is live', () => client.status.kind === 'live')
    isSignedIn = false
    await scene.until('it needs a login', () => client.status.kind === 'needs-auth')
    // It is renewed early; now it has ended.
    await scene.pass(60_000)
    const write = prefs.put('k', 'v')
    await scene.done(write.saved)
    await expect(scene.done(client.synchronize())).rejects.toBeInstanceOf(ConnectionFault)
    expect(prefs.pending()).toHaveLength(1)
    isSignedIn = true
    await scene.done(client.signIn(login))
    expect(await scene.done(write.outcome)).toEqual({ kind: 'accepted' })
  })

  test('[NG10] a value that no server takes is refused at once, and nothing is queued', async () => {
    const { prefs } = await oneDevice()
    for (const value of [5 as unknown as string, 'nul \u0000', 'lone \ud800', 'x'.repeat(1_048_576)]) {
      expect(() => prefs.put('k', value)).toThrow(EditRefused)
    }
    for (const key of ['', 'k'.repeat(1_025), 'nul \u0000']) expect(() => prefs.put(key, 'v')).toThrow(EditRefused)
    expect(prefs.pending()).toEqual([])
  })

  test('[NG10] keys that are names of object properties are keys like any other', async () => {
    const { scene, user, onPhone, onPad } = await twoDevices()
    const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']
    await scene.done(onPhone.edit(keys.map((key) => [key, `value of ${key}`])).outcome)
    await scene.until('all arrive', () => onPad.size === keys.length)
    for (const key of keys) expect(onPad.get(key)).toBe(`value of ${key}`)
    expect(scene.held(user, 'prefs').size).toBe(keys.length)
    expect(onPhone.get('isPrototypeOf')).toBeUndefined()
  })
})
