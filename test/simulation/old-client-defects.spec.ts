import { AWS_LIMITS, type Limits } from '@satchel/protocol'
import { jest } from '@jest/globals'
import { EditRefused, type Dataset, type Resolver } from '../../libs/client/src/api.js'
import { ConnectionFault } from '../../libs/client/src/transport/transport.js'
import { onSync } from './on-sync.js'
import { Scene } from './scene.js'

jest.setTimeout(60_000)

const entriesOf = (dataset: Dataset) => Object.fromEntries(dataset.entries())

/** Two devices of one user, both at rest, each with the dataset "prefs" open. */
async function twoDevices(
  options: Parameters<typeof Scene.begin>[0] = {},
  conflicts?: 'local' | 'remote' | 'last-writer' | Resolver,
) {
  const scene = await Scene.begin(options)
  const user = scene.server.addIdentity()
  const policy = conflicts === undefined ? {} : { conflicts }
  const phone = await scene.open(scene.device('phone'), { as: user, ...policy })
  const pad = await scene.open(scene.device('pad'), { as: user, ...policy })
  const onPhone = phone.client.dataset('prefs')
  const onPad = pad.client.dataset('prefs')
  await scene.rest(phone, pad)
  return { scene, user, phone, pad, onPhone, onPad }
}

async function oneDevice(
  options: Parameters<typeof Scene.begin>[0] = {},
  conflicts?: 'local' | 'remote' | 'last-writer' | Resolver,
) {
  const scene = await Scene.begin(options)
  const user = scene.server.addIdentity()
  const phone = await scene.open(scene.device('phone'), { as: user, ...(conflicts === undefined ? {} : { conflicts }) })
  const prefs = phone.client.dataset('prefs')
  await scene.rest(phone)
  return { scene, user, phone, prefs }
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
    await scene.done(
      scene.aws(user).write(
        'prefs',
        new Map([
          ['theme', 'light'],
          ['font', 'mono'],
        ]),
      ),
    )
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
    await scene.done(scene.aws(user).write('prefs', new Map([['theme', 'dark']])))
    scene.reconnect(phone.device)
    expect(await scene.done(write.outcome)).toEqual({ kind: 'accepted' })
    await scene.rest(phone)
    expect(onPhone.pending()).toEqual([])
    expect(onPhone.conflicts()).toEqual([])
    const asked = scene.asked.length
    await scene.pass(600_000)
    expect(
      scene.asked
        .slice(asked)
        .flatMap(({ datasets }) => datasets)
        .filter(({ batch }) => batch !== null),
    ).toEqual([])
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
    await scene.done(scene.aws(user).write('prefs', new Map([['new', 'x']])))
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
    const scene = await Scene.begin()
    const [anna, bert] = [scene.server.addIdentity(), scene.server.addIdentity()]
    const device = scene.device('shared')
    const { client } = await scene.open(device, { as: anna })
    const prefs = client.dataset('prefs')
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
    const scene = await Scene.begin()
    const [anna, bert] = [scene.server.addIdentity(), scene.server.addIdentity()]
    const device = scene.device('shared')
    const { client } = await scene.open(device, { as: anna })
    const prefs = client.dataset('prefs')
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
    await scene.done(scene.aws(user).write('prefs', new Map([['theme', 'light']])))
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
    await scene.done(scene.aws(user).write('prefs', new Map([['theme', 'light']])))
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
    await scene.done(
      scene.aws(user).write(
        'prefs',
        new Map([
          ['theme', 'light'],
          ['font', 'mono'],
        ]),
      ),
    )
    const device = scene.device('phone')
    const phone = await scene.open(device, { conflicts: () => 'defer' })
    const prefs = phone.client.dataset('prefs')
    await scene.done(
      prefs.edit([
        ['theme', 'dark'],
        ['zoom', '2'],
      ]).outcome,
    )
    await scene.done(phone.client.signIn(scene.loginOf('phone', user)))
    await scene.until('the rest arrives', () => prefs.get('font') === 'mono')
    await scene.until('what does not clash is sent', () => scene.held(user, 'prefs').get('zoom') === '2')
    expect(prefs.get('theme')).toBe('dark')
    expect(prefs.conflicts()).toHaveLength(1)
    expect(scene.held(user, 'prefs').get('theme')).toBe('light')
  })
})

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
    await scene.done(scene.aws(user).write('prefs', new Map([['k', 'theirs']])))
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

describe('what the .NET and Unity clients got wrong', () => {
  test('[NG8] signing in while a sync is on its way mixes nothing: all of the new user comes, nothing of the old one goes there', async () => {
    const scene = await Scene.begin()
    const [anna, bert] = [scene.server.addIdentity(), scene.server.addIdentity()]
    await scene.done(scene.aws(anna).write('prefs', new Map([['a', 'anna']])))
    await scene.done(
      scene.aws(bert).write(
        'prefs',
        new Map([
          ['b', 'bert'],
          ['c', 'bert'],
        ]),
      ),
    )
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
    await scene.done(
      scene.aws(user).write(
        'prefs',
        new Map([
          ['x', '1'],
          ['y', '2'],
        ]),
      ),
    )
    scene.reconnect(phone.device)
    const outcomes = await scene.done(Promise.all(writes.map(({ outcome }) => outcome)))
    expect(outcomes.filter(({ kind }) => kind === 'accepted')).toHaveLength(1)
    expect(outcomes.filter(({ kind }) => kind === 'refused')).toHaveLength(2)
    expect(prefs.parked()).toHaveLength(2)
    expect(prefs.parked()[0]).toMatchObject({ code: 'LimitExceeded' })
    await scene.until('it is live', () => phone.client.status.kind === 'live')
    const asked = scene.asked.length
    await scene.pass(3_600_000)
    expect(
      scene.asked
        .slice(asked)
        .flatMap(({ datasets }) => datasets)
        .filter(({ batch }) => batch !== null),
    ).toEqual([])
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

  test("[NG19] two tabs that open at once both come up, show each other's edits, and send each once (RxDB, LiveStore, Actual)", async () => {
    const scene = await Scene.begin()
    const user = scene.server.addIdentity()
    const device = scene.device('laptop')
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
    const scene = await Scene.begin()
    const user = scene.server.addIdentity()
    const device = scene.device('laptop')
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
    const scene = await Scene.begin()
    const user = scene.server.addIdentity()
    const device = scene.device('laptop')
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

  test('[NG20] a device whose storage was evicted takes everything from the server and removes nothing there (PouchDB, LokiJS)', async () => {
    const { scene, user, phone, prefs } = await oneDevice()
    await scene.done(
      prefs.edit([
        ['a', '1'],
        ['b', '2'],
      ]).outcome,
    )
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

  test('[NG19] a tab that follows goes on showing how its leader stands when its app says resume', async () => {
    const scene = await Scene.begin()
    const user = scene.server.addIdentity()
    const device = scene.device('laptop')
    const left = await scene.open(device, { as: user })
    const right = await scene.open(device, { as: user })
    await scene.rest(left, right)
    left.client.resume()
    right.client.resume()
    await scene.pass(60_000)
    expect([left.client.status.kind, right.client.status.kind]).toEqual(['live', 'live'])
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
    await scene.done(
      prefs.edit([
        ['a', '1'],
        ['b', '2'],
      ]).outcome,
    )
    scene.disconnect(phone.device)
    await scene.done(scene.aws(user).deleteDataset('prefs'))
    await scene.done(
      scene.aws(user).write(
        'prefs',
        new Map([
          ['a', '1'],
          ['c', '3'],
        ]),
      ),
    )
    const sizes: number[] = []
    prefs.subscribe(() => sizes.push(prefs.size))
    scene.reconnect(phone.device)
    await scene.until('the new one is there', () => prefs.get('c') === '3')
    expect(entriesOf(prefs)).toEqual({ a: '1', c: '3' })
    expect(sizes).not.toContain(0)
  })

  test('[NG24] a device that was away while tombstones were collected brings back nothing that was removed (TinyBase)', async () => {
    const { scene, user, phone, pad, onPhone, onPad } = await twoDevices()
    await scene.done(
      onPhone.edit([
        ['a', '1'],
        ['b', '2'],
      ]).outcome,
    )
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

  test('[NG14] guest data survives signing in, also when it is offline, crashes half-way, or was never sent (Dexie Cloud, postman)', async () => {
    for (const crashAfterMs of [0, 3, 8, 20, 60, 1_000]) {
      const scene = await Scene.begin()
      const user = scene.server.addIdentity()
      const device = scene.device('phone')
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
    await scene.done(scene.aws(user).write('prefs', new Map([['k', 'v']])))
    await scene.rest(phone)
    expect(scene.malformed).toEqual([])
  })
})
