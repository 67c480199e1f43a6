import 'reflect-metadata'
import { count, path, replace } from '../../apps/server/src/domain/testing/a-dataset.js'
import type { DatasetName, SyncAnswer } from '@satchel/protocol'
import { ConnectionFault } from '../../libs/client/src/transport/transport.js'
import { refusal, TOKEN_LIFE_MS } from './core-transport.js'
import {
  aDevice,
  aServer,
  aTab,
  cut,
  inTime,
  pass,
  settled,
  SETTINGS,
  until,
  type Tab,
  type World,
} from './session-device.js'

const open: Tab[] = []
const tabOn = async (...given: Parameters<typeof aTab>): Promise<Tab> => {
  const tab = await aTab(...given)
  open.push(tab)
  return tab
}
afterEach(async () => {
  for (const tab of open.splice(0)) await tab.close()
})

/** What the server holds, without asking anybody. */
const stored = async (world: World, name = 'settings') => {
  const listing = await world.harness.store.list(path(name), {
    after: { syncCount: count(0), key: null },
    through: null,
    limit: 10_000,
  })
  const values = Object.fromEntries(listing.records.map(({ key, value }) => [key, value]))
  return { count: listing.dataset.syncCount, values }
}

/** The first answer to a request with a batch is lost on its way back, with the connection. */
const loseNextAnswer = (tab: Tab): void => {
  tab.transport.meddling.answer = () => {
    tab.transport.mend()
    tab.transport.cut()
    return Promise.reject(cut())
  }
}

const batchesOf = (tab: Tab) =>
  tab.transport.asked.flatMap(({ device, datasets }) =>
    datasets.flatMap(({ batch }) =>
      batch === null ? [] : [{ device, number: batch.number, keys: batch.patches.length }],
    ),
  )

describe('a session that goes well', () => {
  test('[NP1] [NP3] shows what the server has before the storage takes anything, and sends nothing until it does', async () => {
    const world = await aServer()
    const writer = await tabOn(world)
    await writer.edit({ a: '1' })
    await until(writer.isQuiet)

    const device = aDevice()
    const reader = await tabOn(world, device, { paused: true })
    const release = device.file.hold('append')
    reader.session.resume()
    await until(() => reader.shown()['a'] === '1')
    void reader.edit({ b: '2' })
    await settled()
    expect(batchesOf(reader)).toEqual([])
    expect(reader.store.replica.standing(SETTINGS)).toEqual({ epoch: 0, since: 0 })
    expect(reader.store.replica.greeting.identity).toBeNull()

    release()
    await until(reader.isQuiet)
    expect(batchesOf(reader)).toHaveLength(1)
    expect(reader.store.replica.greeting.identity).not.toBeNull()
    expect((await stored(world)).values).toEqual({ a: '1', b: '2' })
  })

  test('goes live, sends an edit, and brings what another device wrote', async () => {
    const world = await aServer()
    const a = await tabOn(world)
    const b = await tabOn(world)
    await until(() => a.isQuiet() && b.isQuiet())
    await a.edit({ theme: 'dark' })
    await until(() => b.shown()['theme'] === 'dark')
    await until(() => a.isQuiet() && b.isQuiet())
    expect(a.kinds()).toEqual(['connecting', 'syncing', 'live', 'syncing', 'live'])
    expect([...a.faults, ...b.faults]).toEqual([])
  })

  test('[NE3] an edit and the batch that sends it are one append, and nothing lies between it and the wire', async () => {
    const world = await aServer()
    const device = aDevice()
    const a = await tabOn(world, device)
    await until(() => a.isQuiet())
    const groups = device.file.groups.length
    a.transport.meddling.request = () => new Promise(() => {})
    await a.edit({ theme: 'dark' })
    await until(() => a.wire.at(-1)?.message === 'sync' && a.wire.at(-1)?.direction === 'sent')
    expect(device.file.groups).toHaveLength(groups + 1)
    expect(JSON.parse(device.file.groups.at(-1)!.text)).toMatchObject([{ kind: 'edit' }, { kind: 'batch', number: 1 }])
  })

  test('[NE3] edits made while a batch is out go out together, in the append that journals its answer', async () => {
    const world = await aServer()
    const device = aDevice()
    const a = await tabOn(world, device)
    await until(() => a.isQuiet())
    await a.edit({ first: '1' })
    for (let key = 0; key < 100; key++) void a.edit({ [`key ${key}`]: 'x' })
    await until(() => a.isQuiet())
    expect(batchesOf(a).map(({ keys }) => keys)).toEqual([1, 100])
    expect(await stored(world)).toMatchObject({ count: 2 })
  })

  test('[NE7] a change of another device comes with its hint, without a question', async () => {
    const world = await aServer()
    const a = await tabOn(world)
    const b = await tabOn(world)
    await until(() => a.isQuiet() && b.isQuiet())
    await a.edit({ theme: 'dark' })
    await until(() => b.shown()['theme'] === 'dark' && b.isQuiet())
    const asked = b.transport.asked.length
    for (let round = 0; round < 5; round++) {
      await a.edit({ theme: `shade ${round}` })
      await until(() => b.shown()['theme'] === `shade ${round}`)
    }
    expect(b.transport.asked).toHaveLength(asked)
  })

  test('[NE7] a lost hint is made good by the next one, and by the heartbeat where none follows', async () => {
    const world = await aServer()
    const a = await tabOn(world)
    const b = await tabOn(world)
    await until(() => a.isQuiet() && b.isQuiet())
    b.transport.meddling.hint = () => false
    await a.edit({ one: '1' })
    await a.edit({ two: '2' })
    await until(() => a.isQuiet())
    await settled()
    expect(b.shown()).toEqual({})
    b.transport.mend()
    await a.edit({ three: '3' })
    await until(() => Object.keys(b.shown()).length === 3)
    b.transport.meddling.hint = () => false
    await a.edit({ four: '4' })
    const ms = await inTime(world, () => Object.keys(b.shown()).length === 4)
    expect(ms).toBeLessThanOrEqual(40_000)
  })

  test('[NE6] all datasets with something to do share one message, edits made offline included', async () => {
    const world = await aServer()
    const names = ['a', 'b', 'c', 'd'] as DatasetName[]
    const tab = await tabOn(world, aDevice(), { datasets: names, paused: true })
    for (const name of names.slice(0, 3)) await tab.edit({ key: name }, name)
    tab.session.resume()
    await until(() => tab.isQuiet())
    expect(tab.transport.asked).toHaveLength(1)
    expect(tab.transport.asked[0]!.datasets.map(({ batch }) => batch?.patches.length ?? null)).toEqual([1, 1, 1, null])
  })

  test('a dataset that is opened later is watched and fetched', async () => {
    const world = await aServer()
    const a = await tabOn(world, aDevice(), { datasets: ['notes'] })
    const b = await tabOn(world)
    await until(() => a.isQuiet() && b.isQuiet())
    await a.edit({ note: 'milk' }, 'notes' as DatasetName)
    await until(() => a.isQuiet())
    await b.store.write([{ kind: 'open', dataset: 'notes' as DatasetName }])
    await until(() => b.shown('notes' as DatasetName)['note'] === 'milk')
    await a.edit({ note: 'bread' }, 'notes' as DatasetName)
    await until(() => b.shown('notes' as DatasetName)['note'] === 'bread')
  })

  test('what is held already is not journaled again with every connection', async () => {
    const world = await aServer()
    const device = aDevice()
    const a = await tabOn(world, device)
    await until(() => a.isQuiet())
    await a.edit({ theme: 'dark' })
    await until(() => a.isQuiet())
    const groups = device.file.groups.length
    for (let round = 0; round < 3; round++) {
      a.transport.cut()
      await inTime(world, () => a.isQuiet())
    }
    expect(device.file.groups).toHaveLength(groups)
  })
})

describe('lost answers', () => {
  test('[NE2] a batch whose answer was lost is sent again under its number, and applied once', async () => {
    const world = await aServer()
    const a = await tabOn(world)
    await until(() => a.isQuiet())
    loseNextAnswer(a)
    await a.edit({ theme: 'dark' })
    await settled()
    expect(await stored(world)).toEqual({ count: 1, values: { theme: 'dark' } })
    await inTime(world, () => a.isQuiet())
    expect(batchesOf(a).map(({ number }) => number)).toEqual([1, 1])
    expect(await stored(world)).toEqual({ count: 1, values: { theme: 'dark' } })
  })

  test('[NE2] so it is after the process died, from the journal alone', async () => {
    const world = await aServer()
    const device = aDevice()
    const a = await tabOn(world, device)
    await until(() => a.isQuiet())
    a.transport.meddling.answer = () => new Promise(() => {})
    await a.edit({ theme: 'dark' })
    await settled()
    a.tabs.close()
    const again = await tabOn(world, aDevice(device.file))
    await until(() => again.isQuiet())
    expect(batchesOf(again)).toEqual(batchesOf(a))
    expect(await stored(world)).toEqual({ count: 1, values: { theme: 'dark' } })
  })

  test('[NE2] an edit made on top of a batch whose answer was lost follows it, and is no conflict', async () => {
    const world = await aServer()
    const a = await tabOn(world)
    await until(() => a.isQuiet())
    loseNextAnswer(a)
    await a.edit({ theme: 'dark' })
    await settled()
    await a.edit({ theme: 'light' })
    await inTime(world, () => a.isQuiet())
    expect(await stored(world)).toEqual({ count: 2, values: { theme: 'light' } })
    expect(a.store.replica.clashes(SETTINGS)).toEqual([])
  })

  test('[NE1] a request that nobody answers ends the connection after its time limit', async () => {
    const world = await aServer()
    const a = await tabOn(world)
    await until(() => a.isQuiet())
    a.transport.meddling.request = () => new Promise(() => {})
    await a.edit({ theme: 'dark' })
    await inTime(world, () => a.session.status.kind === 'waiting', 16_000)
    expect(a.session.status.reason).toMatch(/"sync" was not answered/)
    a.transport.mend()
    await inTime(world, () => a.isQuiet())
    expect(await stored(world)).toMatchObject({ count: 1 })
  })

  test('a connection that comes about after it was given up is closed', async () => {
    const world = await aServer()
    const a = await tabOn(world, aDevice(), { paused: true })
    let letIn = (): void => {}
    a.transport.meddling.connect = () => new Promise((resolve) => (letIn = resolve))
    a.session.resume()
    await inTime(world, () => a.session.status.kind === 'waiting', 16_000)
    a.session.pause()
    letIn()
    await settled()
    await a.edit({ theme: 'dark' })
    await settled()
    expect(a.transport.asked).toEqual([])
  })

  test('[NE5] a number that another store used brings a new device id, and every edit', async () => {
    const world = await aServer()
    const device = aDevice()
    const a = await tabOn(world, device, { datasets: ['settings', 'notes'] })
    await until(() => a.isQuiet())
    const copy = aDevice()
    for (const group of device.file.groups) copy.file.groups.push(group)
    copy.file.lastPlace = device.file.lastPlace
    for (const theme of ['light', 'grey', 'dark']) {
      await a.edit({ theme })
      await until(() => a.isQuiet())
    }
    const b = await tabOn(world, copy, { datasets: ['settings', 'notes'], paused: true })
    await b.edit({ font: 'mono' })
    await b.edit({ note: 'milk' }, 'notes' as DatasetName)
    b.session.resume()
    await until(() => b.isQuiet())
    expect(b.store.replica.device).not.toBe(a.store.replica.device)
    expect(await stored(world)).toMatchObject({ values: { theme: 'dark', font: 'mono' } })
    expect(await stored(world, 'notes')).toEqual({ count: 1, values: { note: 'milk' } })
  })
})

describe('large answers', () => {
  test('[NE6] pages are put together before a dataset moves on, and asked for anew where they do not fit', async () => {
    const world = await aServer({ bounds: { bytesMax: 4_000, recordsPerPageMax: 20 } })
    const a = await tabOn(world)
    await until(() => a.isQuiet())
    await a.edit(Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`key ${index}`, 'x'.repeat(100)])))
    await until(() => a.isQuiet())
    const device = aDevice()
    const b = await tabOn(world, device)
    await until(() => b.isQuiet(), 2_000)
    expect(Object.keys(b.shown())).toHaveLength(90)
    expect(b.transport.asked.length).toBeGreaterThan(1)
    const answers = device.file.groups.filter(({ text }) => text.includes('"answer"'))
    expect(answers).toHaveLength(1)
  })

  test('[NE6] an answer cut short between two pages leaves the dataset where it was', async () => {
    const world = await aServer({ bounds: { bytesMax: 4_000, recordsPerPageMax: 20 } })
    const a = await tabOn(world)
    await until(() => a.isQuiet())
    await a.edit(Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`key ${index}`, 'x'.repeat(100)])))
    await until(() => a.isQuiet())
    const b = await tabOn(world, aDevice(), { paused: true })
    b.transport.meddling.request = () => {
      if (b.transport.asked.length === 2) {
        b.transport.mend()
        b.transport.cut()
      }
    }
    b.session.resume()
    await until(() => b.session.status.kind === 'waiting', 2_000)
    expect(b.shown()).toEqual({})
    await inTime(world, () => b.isQuiet())
    expect(Object.keys(b.shown())).toHaveLength(60)
  })
})

describe('conflicts', () => {
  /** Both devices change a key at the same time, `b` without a network. */
  const clashing = async (options: Parameters<typeof aTab>[2]) => {
    const world = await aServer()
    const a = await tabOn(world)
    const b = await tabOn(world, aDevice(), options)
    await until(() => a.isQuiet() && b.isQuiet())
    b.session.pause()
    await b.edit({ theme: 'mine', other: 'kept' })
    world.clock.advance(1_000)
    await a.edit({ theme: 'theirs' })
    await until(() => a.isQuiet())
    b.session.resume()
    return { world, a, b }
  }

  test.each([
    ['remote', 'theirs'],
    ['local', 'mine'],
    ['last-writer', 'theirs'],
  ] as const)(
    '[NE9] by the policy %s both devices end with "%s", and the batch\'s other keys get through',
    async (policy, wins) => {
      const { a, b } = await clashing({ policy })
      await until(() => a.isQuiet() && b.isQuiet() && a.shown()['other'] === 'kept')
      await until(() => a.shown()['theme'] === wins && b.shown()['theme'] === wins)
      expect(b.store.replica.clashes(SETTINGS)).toEqual([])
    },
  )

  test('[NE9] a resolver takes its time, and holds back its own key only', async () => {
    let decide = (_: 'local'): void => {}
    const sides: unknown[] = []
    const policy = (seen: unknown) => {
      sides.push(seen)
      return new Promise<'local'>((resolve) => (decide = resolve))
    }
    const { world, a, b } = await clashing({ policy })
    await until(() => a.shown()['other'] === 'kept')
    await b.edit({ later: 'yes' })
    await until(() => a.shown()['later'] === 'yes')
    expect(sides).toMatchObject([{ key: 'theme', local: { value: 'mine' }, remote: { value: 'theirs' } }])
    expect(b.session.status.kind).toBe('live')
    decide('local')
    await until(() => a.shown()['theme'] === 'mine')
    expect((await stored(world)).values).toEqual({ theme: 'mine', other: 'kept', later: 'yes' })
  })

  test.each([
    ['defers', () => 'defer' as const],
    [
      'throws',
      () => {
        throw new Error('no idea')
      },
    ],
  ])('[NE9] a resolver that %s is not asked again about the same, but about what is new', async (_, act) => {
    let asked = 0
    const { a, b } = await clashing({
      policy: () => {
        asked++
        return act()
      },
    })
    await until(() => b.deferred.length === 1)
    await b.edit({ other: 'again' })
    await until(() => a.shown()['other'] === 'again')
    b.transport.cut()
    await settled()
    expect(asked).toBe(1)
    await a.edit({ theme: 'theirs, again' })
    await until(() => a.isQuiet())
    b.session.resume()
    await inTime(b.transport.world, () => asked === 2)
    expect(b.store.replica.clashes(SETTINGS)).toMatchObject([{ remote: { value: 'theirs, again' } }])
  })

  test('[NE9] two devices that write one key without end get on, and agree in the end', async () => {
    const world = await aServer()
    const a = await tabOn(world, aDevice(), { policy: 'local' })
    const b = await tabOn(world, aDevice(), { policy: 'local' })
    await until(() => a.isQuiet() && b.isQuiet())
    for (let round = 0; round < 30; round++) {
      void a.edit({ n: `a ${round}` })
      void b.edit({ n: `b ${round}` })
      await settled(3)
    }
    await inTime(world, () => a.isQuiet() && b.isQuiet())
    expect(a.shown()).toEqual(b.shown())
    expect((await stored(world)).values).toEqual(a.shown())
  })

  test('[NE9] conflicts without a cause are given some rounds, then everything is fetched anew', async () => {
    const world = await aServer()
    const a = await tabOn(world)
    await until(() => a.isQuiet())
    let lies = 0
    a.transport.meddling.answer = (message, answer) => {
      const { datasets } = answer as SyncAnswer
      if (message !== 'sync' || datasets[0]!.batch === null || lies >= 6) return Promise.resolve(answer)
      lies++
      const conflict = { outcome: 'conflict', key: 'theme', held: 7, base: 0 }
      return Promise.resolve({ datasets: [{ ...datasets[0], batch: conflict }] })
    }
    a.transport.meddling.request = (message, body) => {
      if (message === 'sync' && lies > 0 && lies < 6)
        (body as { datasets: { batch: unknown }[] }).datasets[0]!.batch ??= null
    }
    await a.edit({ theme: 'dark' })
    await inTime(world, () => a.isQuiet())
    expect(
      a.transport.asked.some(({ datasets }) => datasets[0]!.since === 0 && datasets[0]!.batch === null && lies > 0),
    ).toBe(true)
    expect(a.shown()).toEqual({ theme: 'dark' })
  })
})

describe('what the server will never take', () => {
  test('[NE4] the edits that fit go through, the others are parked with the reason, removals go first', async () => {
    const limits = {
      recordsPerDatasetMax: 4,
      bytesPerDatasetMax: 1_000_000,
      datasetsPerIdentityMax: 20,
      bytesPerIdentityMax: 2_000_000,
    }
    const world = await aServer({ limits })
    const other = await tabOn(world)
    await until(() => other.isQuiet())
    await other.edit({ a: '1', b: '2', c: '3' })
    await until(() => other.isQuiet())
    const tab = await tabOn(world)
    await until(() => tab.isQuiet())
    await tab.edit({ d: '4', e: '5', f: '6', a: null })
    await inTime(world, () => tab.session.status.kind === 'live' && tab.store.replica.sendable(SETTINGS).length === 0)
    const { values } = await stored(world)
    expect(values['a']).toBe(null)
    expect(Object.values(values).filter((value) => value !== null)).toHaveLength(4)
    const parked = tab.store.replica.pending(SETTINGS)
    expect(parked).toHaveLength(1)
    expect(parked[0]).toMatchObject({ sent: false, parked: { code: 'LimitExceeded' } })
    expect(tab.session.status.kind).toBe('live')
  })

  test('[NE4] a message that is refused is taken apart until the edit at fault is found', async () => {
    const world = await aServer()
    const names = ['settings', 'notes'] as DatasetName[]
    const tab = await tabOn(world, aDevice(), { datasets: names, paused: true })
    for (const name of names) await tab.edit({ a: '1', b: '2', poison: '3', d: '4' }, name)
    tab.transport.meddling.request = (message, body) => {
      const { datasets } = body as { datasets: { dataset: string; batch: { patches: { key: string }[] } | null }[] }
      if (message !== 'sync') return
      const poisoned = datasets.some(
        ({ dataset, batch }) => dataset === 'notes' && batch?.patches.some(({ key }) => key === 'poison'),
      )
      if (poisoned) throw refusal({ code: 'InvalidParameter', message: 'a patch does not do' })
    }
    tab.session.resume()
    await inTime(world, () => tab.session.status.kind === 'live')
    expect((await stored(world)).values).toEqual({ a: '1', b: '2', poison: '3', d: '4' })
    expect((await stored(world, 'notes')).values).toEqual({ a: '1', b: '2', d: '4' })
    expect(tab.store.replica.pending('notes' as DatasetName)).toMatchObject([
      { key: 'poison', parked: { code: 'InvalidParameter' } },
    ])
  })
})

describe('a server that asks for patience', () => {
  test.each(['TooManyRequests', 'ServiceUnavailable'] as const)(
    '[NE1] %s is waited for as long as it says, on the connection that stands',
    async (code) => {
      const world = await aServer()
      const a = await tabOn(world)
      await until(() => a.isQuiet())
      a.transport.meddling.request = (message) => {
        if (message === 'sync') throw refusal({ code, message: 'too much is waiting', retryAfterMs: 4_000 })
      }
      await a.edit({ theme: 'dark' })
      await until(() => a.session.status.kind === 'waiting')
      a.transport.mend()
      const ms = await inTime(world, () => a.isQuiet())
      expect(ms).toBeGreaterThanOrEqual(4_000)
      expect(a.transport.connects).toBe(1)
    },
  )
})

describe('tokens', () => {
  test("[NE10] a token is renewed on the live connection before it ends, however wrong the device's clock is", async () => {
    const world = await aServer()
    let issued = 0
    const a = await tabOn(world, aDevice(), { tokens: () => `token ${++issued}` })
    for (let token = 1; token <= 9; token++) a.transport.tokens.add(`token ${token}`)
    await inTime(world, () => a.isQuiet())
    for (let hour = 0; hour < 3; hour++) {
      await pass(world, TOKEN_LIFE_MS * 0.85)
    }
    expect(a.wire.filter(({ message, direction }) => message === 'renew' && direction === 'sent')).toHaveLength(3)
    expect(a.transport.connects).toBe(1)
    expect(JSON.stringify(a.wire)).not.toContain('token 2')
  })

  test('[NE10] a renewal that fails is tried again; only a definite refusal needs the user', async () => {
    const world = await aServer()
    let act: () => string = () => 'good'
    const a = await tabOn(world, aDevice(), { tokens: () => act() })
    await until(() => a.isQuiet())
    act = () => {
      throw new ConnectionFault('unreachable', 'the login is out of reach')
    }
    await pass(world, TOKEN_LIFE_MS * 0.81)
    expect(a.session.status.kind).toBe('live')
    act = () => 'good'
    await inTime(world, () => a.wire.some(({ message, direction }) => message === 'renew' && direction === 'received'))
    act = () => {
      throw refusal({ code: 'NotAuthorized', message: 'the user is gone' })
    }
    await pass(world, TOKEN_LIFE_MS * 0.81)
    await until(() => a.session.status.kind === 'needs-auth')
    expect(a.session.status.reason).toBe('the user is gone')
  })

  test('[NE10] an ended token is replaced at once', async () => {
    const world = await aServer()
    let tokens = 0
    const a = await tabOn(world, aDevice(), { tokens: () => (tokens++ === 0 ? 'good' : 'better') })
    a.transport.tokens.add('better')
    await until(() => a.isQuiet())
    world.clock.advance(20_000)
    await settled()
    a.transport.tokens.delete('good')
    a.transport.cut({ code: 'ExpiredToken', message: 'the token has ended', retryAfterMs: null })
    await until(() => a.isQuiet())
    expect(tokens).toBe(2)
  })

  test('[NE10] a fresh token that is refused needs the user, and a wish tries again', async () => {
    const world = await aServer()
    const a = await tabOn(world, aDevice(), { tokens: () => 'bad' })
    await until(() => a.session.status.kind === 'needs-auth')
    world.clock.advance(300_000)
    await settled()
    expect(a.transport.connects).toBe(1)
    await expect(a.session.synchronize()).rejects.toBeInstanceOf(ConnectionFault)
    expect(a.transport.connects).toBe(2)
    a.transport.tokens.add('bad')
    await a.session.synchronize()
    expect(a.session.status.kind).toBe('live')
  })

  test("[NE10] the login of another identity than the store's needs the user, and nothing is mixed", async () => {
    const world = await aServer()
    const device = aDevice()
    const a = await tabOn(world, device)
    await until(() => a.isQuiet())
    a.transport.identity = 'us-east-1:20000000-0000-4000-8000-000000000002' as never
    a.transport.cut()
    await a.edit({ theme: 'dark' })
    await inTime(world, () => a.session.status.kind === 'needs-auth')
    expect(a.session.status.reason).toMatch(/belongs to/)
    expect(await stored(world)).toEqual({ count: 0, values: {} })
  })
})

describe('no silent stall', () => {
  test('[NE8] edits that do not move for 30 s are said to be stalled, with the reason, until something moves', async () => {
    const world = await aServer()
    const a = await tabOn(world)
    await until(() => a.isQuiet())
    a.transport.meddling.connect = () => {
      throw new ConnectionFault('unreachable', 'nobody is there')
    }
    a.transport.cut()
    await a.edit({ theme: 'dark' })
    const ms = await inTime(world, () => a.session.status.kind === 'stalled')
    expect(ms).toBeGreaterThanOrEqual(25_000)
    expect(ms).toBeLessThanOrEqual(40_000)
    expect(a.session.status.reason).toBe('nobody is there')
    a.transport.mend()
    await inTime(world, () => a.isQuiet())
    expect(a.session.status.kind).toBe('live')
  })

  test('[NE8] nothing to send is no stall, however long the server is away', async () => {
    const world = await aServer()
    const a = await tabOn(world)
    await until(() => a.isQuiet())
    a.transport.meddling.connect = () => {
      throw new ConnectionFault('unreachable', 'nobody is there')
    }
    a.transport.cut()
    for (let minute = 0; minute < 5; minute++) {
      world.clock.advance(60_000)
      await settled()
      expect(['waiting', 'connecting']).toContain(a.session.status.kind)
    }
  })

  test('[NE8] storage that does not take edits is the reason, once it lasts', async () => {
    const world = await aServer()
    const device = aDevice()
    const a = await tabOn(world, device)
    await until(() => a.isQuiet())
    device.file.failNext('append', 'full', 1_000_000)
    void a.edit({ theme: 'dark' }).catch(() => {})
    await inTime(world, () => a.session.status.kind === 'stalled')
    expect(a.session.status.reason).toMatch(/full/)
  })
})

describe('synchronize', () => {
  test('[NE11] resolves once all is accepted and fetched, with what it brought', async () => {
    const world = await aServer()
    const a = await tabOn(world, aDevice(), { paused: true })
    const b = await tabOn(world)
    await until(() => b.isQuiet())
    await b.edit({ x: '1', y: '2' })
    await until(() => b.isQuiet())
    await a.edit({ z: '3' })
    a.session.resume()
    expect(await a.session.synchronize()).toEqual({ accepted: 1, received: 2, conflicts: 0, parked: 0 })
    expect(a.shown()).toEqual({ x: '1', y: '2', z: '3' })
    expect((await stored(world)).values).toEqual(a.shown())
  })

  test('[NE11] sees what was written before it, also where no hint came', async () => {
    const world = await aServer()
    const a = await tabOn(world)
    const b = await tabOn(world)
    await until(() => a.isQuiet() && b.isQuiet())
    b.transport.meddling.hint = () => false
    await a.edit({ x: '1' })
    await until(() => a.isQuiet())
    expect(await b.session.synchronize()).toMatchObject({ received: 1 })
    expect(b.shown()).toEqual({ x: '1' })
  })

  test('[NE11] rejects with the fault while it cannot be done, and at once while paused', async () => {
    const world = await aServer()
    const a = await tabOn(world)
    await until(() => a.isQuiet())
    a.transport.meddling.connect = () => {
      throw new ConnectionFault('unreachable', 'nobody is there')
    }
    a.transport.cut()
    await until(() => a.session.status.kind === 'waiting')
    await expect(a.session.synchronize()).rejects.toMatchObject({ kind: 'unreachable', message: 'nobody is there' })
    a.session.pause()
    await expect(a.session.synchronize()).rejects.toMatchObject({ message: 'syncing is paused' })
    expect(a.session.status).toMatchObject({ kind: 'offline', reason: 'paused by the app' })
  })
})

test("another face's write arrives, and a deleted dataset empties", async () => {
  const world = await aServer()
  const a = await tabOn(world)
  await until(() => a.isQuiet())
  await world.awsUpdate([replace('theme', 'dark')])
  await until(() => a.shown()['theme'] === 'dark')
  await world.awsDelete()
  await until(() => a.shown()['theme'] === undefined)
})
