import { AWS_LIMITS, type Limits } from '@satchel/protocol'
import { jest } from '@jest/globals'
import { onSync } from '../on-sync.js'
import { Scene } from '../scene.js'
import { aDevice, entriesOf, oneDevice, twoDevices, writeElsewhere } from './opened-devices.js'

jest.setTimeout(60_000)

describe('what other sync engines are complained about for', () => {
  test('[NG17] connected while edits do not move is shown as stalled, with a reason (Dexie Cloud, Evolu, LiveStore)', async () => {
    const scene = await Scene.begin()
    const user = scene.server.addIdentity()
    let isBroken = true
    const device = scene.device('phone', {
      platform: (platform) => ({
        ...platform,
        transport: onSync(platform.transport, async (request, ask) => {
          const answer = await ask({ ...request, datasets: request.datasets.map((one) => ({ ...one, batch: null })) })
          if (!isBroken) return ask(request)
          // A server that always finds another count, and never says which record has it.
          const datasets = answer.datasets.map((one, index) => {
            const patch = request.datasets[index]!.batch?.patches[0]
            return patch === undefined
              ? one
              : { ...one, batch: { outcome: 'conflict', key: patch.key, held: patch.base, base: patch.base } as const }
          })
          return { datasets }
        }),
      }),
    })
    const phone = await scene.open(device, { as: user })
    const prefs = phone.client.dataset('prefs')
    await scene.rest(phone)
    const write = prefs.put('k', 'v')
    await scene.until('it says so', () => phone.client.status.kind === 'stalled')
    expect(phone.client.status.reason).not.toBe('')
    isBroken = false
    expect(await scene.done(write.outcome)).toEqual({ kind: 'accepted' })
    await scene.rest(phone)
  })

  test('[NG17] a server that cannot store is named as long as it cannot, and never called live', async () => {
    const { scene, phone, prefs } = await oneDevice()
    scene.server.faults.failed = 1
    const write = prefs.put('k', 'v')
    await scene.done(write.saved)
    const shown = new Set<string>()
    phone.client.onStatus(({ kind, reason }) => shown.add(`${kind}: ${reason}`))
    await scene.pass(300_000)
    expect([...shown].filter((status) => status.startsWith('live'))).toEqual([])
    expect([...shown].some((status) => status.includes('the store could not take the write'))).toBe(true)
    scene.server.faults.failed = 0
    expect(await scene.done(write.outcome)).toEqual({ kind: 'accepted' })
  })

  test('[NG18] over-quota is a terminal answer: parked with its reason, not sent again, and the rest goes on (syncstorage-rs)', async () => {
    const limits: Limits = { ...AWS_LIMITS, recordsPerDatasetMax: 3 }
    const { scene, user, phone, prefs } = await oneDevice({ limits })
    scene.disconnect(phone.device)
    const writes = ['a', 'b', 'c'].map((key) => prefs.put(key, 'mine'))
    await scene.done(writes[2]!.saved)
    await writeElsewhere(scene, user, { x: '1', y: '2' })
    scene.reconnect(phone.device)
    const outcomes = await scene.done(Promise.all(writes.map(({ outcome }) => outcome)))
    expect(outcomes.filter(({ kind }) => kind === 'accepted')).toHaveLength(1)
    expect(outcomes.filter(({ kind }) => kind === 'refused')).toHaveLength(2)
    expect(prefs.parked()).toHaveLength(2)
    expect(prefs.parked()[0]).toMatchObject({ code: 'LimitExceeded' })
    await scene.until('it is live', () => phone.client.status.kind === 'live')
    const asked = scene.asked.length
    await scene.pass(3_600_000)
    expect(scene.sentBatches(asked)).toEqual([])
    await scene.done(prefs.remove('a').outcome)
    const retried = prefs.parked()[0]!.retry()
    expect(await scene.done(retried.outcome)).toEqual({ kind: 'accepted' })
  })

  test('[NG15] rapid edits of one key keep the last, and in order (Amplify)', async () => {
    const { scene, user, phone, onPhone, onPad } = await twoDevices()
    const seen: string[] = []
    onPad.subscribe('k', (value) => seen.push(value ?? ''))
    for (let count = 0; count < 200; count++) {
      onPhone.put('k', `${count}`)
      if (count % 20 === 0) await scene.pass(3)
    }
    await scene.rest(phone)
    await scene.until('the last arrives', () => onPad.get('k') === '199')
    expect(scene.held(user, 'prefs').get('k')).toBe('199')
    expect(seen.map(Number)).toEqual(seen.map(Number).sort((a, b) => a - b))
  })

  test('[NG21] own edits that a restored server forgot are sent again; nothing looks fine that is not (Evolu, Kinto)', async () => {
    const { scene, user, phone, prefs } = await oneDevice()
    await scene.done(prefs.put('old', '1').outcome)
    scene.server.takeBackup()
    await scene.done(prefs.put('new', '2').outcome)
    scene.stopServer()
    scene.server.restoreBackup()
    scene.server.start()
    await scene.until('the server has it again', () => scene.held(user, 'prefs').get('new') === '2')
    await scene.rest(phone)
    expect(entriesOf(prefs)).toEqual({ old: '1', new: '2' })
  })

  test('[NG22] wrong device clocks stop nothing and win nothing for ever (Actual, Evolu)', async () => {
    const { scene, phone, pad, onPhone, onPad } = await twoDevices({}, 'last-writer')
    phone.device.skewMs = 3_650 * 86_400_000
    await scene.done(onPhone.put('k', 'from the future').outcome)
    await scene.until('it arrives', () => onPad.get('k') === 'from the future')
    scene.disconnect(pad.device)
    await scene.pass(1_000)
    await scene.done(onPad.put('k', 'later, by a good clock').saved)
    scene.reconnect(pad.device)
    await scene.until('it is written over', () => onPhone.get('k') === 'later, by a good clock')
    phone.device.skewMs = -3_650 * 86_400_000
    expect(await scene.done(onPhone.put('k', 'from the past').outcome)).toEqual({ kind: 'accepted' })
  })

  test('[NG23] a snapshot replaces what is shown in one step: nobody sees an empty dataset in between (TanStack DB)', async () => {
    const { scene, user, phone, prefs } = await oneDevice()
    await scene.done(prefs.edit(Object.entries({ a: '1', b: '2' })).outcome)
    scene.disconnect(phone.device)
    await scene.done(scene.aws(user).deleteDataset('prefs'))
    await writeElsewhere(scene, user, { a: '1', c: '3' })
    const sizes: number[] = []
    prefs.subscribe(() => sizes.push(prefs.size))
    scene.reconnect(phone.device)
    await scene.until('the new one is there', () => prefs.get('c') === '3')
    expect(entriesOf(prefs)).toEqual({ a: '1', c: '3' })
    expect(sizes).not.toContain(0)
  })

  test('[NG24] a device that was away while tombstones were collected brings back nothing that was removed (TinyBase)', async () => {
    const { scene, user, phone, pad, onPhone, onPad } = await twoDevices()
    await scene.done(onPhone.edit(Object.entries({ a: '1', b: '2' })).outcome)
    await scene.until('the other one has them', () => onPad.size === 2)
    scene.crash(pad.device)
    await scene.done(onPhone.remove('a').outcome)
    scene.crash(phone.device)
    await scene.pass(200 * 86_400_000)
    expect(await scene.done(scene.server.collectTombstones(180 * 86_400_000))).toBe(1)
    const again = await scene.open(pad.device, { as: user })
    const dataset = again.client.dataset('prefs')
    await scene.until('the removal arrives', () => dataset.size === 1)
    await scene.rest(again)
    expect(scene.held(user, 'prefs')).toEqual(new Map([['b', '2']]))
  })

  test('[NG14] guest data survives signing in, also when it is offline, crashes half-way, or was never sent (Dexie Cloud, postman)', async () => {
    for (const crashAfterMs of [0, 3, 8, 20, 60, 1_000]) {
      const { scene, user, device } = await aDevice('phone')
      const guest = await scene.open(device)
      const asGuest = guest.client.dataset('prefs')
      if (crashAfterMs % 2 === 0) await scene.until('it is live', () => guest.client.status.kind === 'live')
      await scene.done(asGuest.put('k', 'of the guest').saved)
      guest.client.signIn(scene.loginOf('phone', user)).catch(() => {})
      await scene.pass(crashAfterMs)
      scene.crash(device)
      const again = await scene.open(device, { as: user })
      expect(again.client.dataset('prefs').get('k')).toBe('of the guest')
      await scene.until('the user has it', () => scene.held(user, 'prefs').get('k') === 'of the guest')
    }
  })

  test('[NG5] an answer that is lost is asked for again, and the batch is applied once', async () => {
    const { scene, user, phone, prefs } = await oneDevice()
    scene.network.faults.swallow = 1
    const write = prefs.put('k', 'v')
    await scene.until('the server has it', () => scene.held(user, 'prefs').get('k') === 'v')
    scene.network.faults.swallow = 0
    expect(await scene.done(write.outcome)).toEqual({ kind: 'accepted' })
    await scene.rest(phone)
    expect(scene.syncCount(user, 'prefs')).toBe(1)
  })

  test('[NG27] nothing that the client or the server sends is refused by the strict parsers of the other end', async () => {
    const { scene, user, phone, onPhone } = await twoDevices({}, 'local')
    await scene.done(
      onPhone.edit([
        ['__proto__', ''],
        ['😀', 'é'],
        ['removed', 'x'],
      ]).outcome,
    )
    await scene.done(onPhone.remove('removed').outcome)
    await writeElsewhere(scene, user, { k: 'v' })
    await scene.rest(phone)
    expect(scene.malformed).toEqual([])
  })
})
