import 'reflect-metadata'
import { replace } from '../../apps/server/src/domain/testing/a-dataset.js'
import type { DatasetName } from '@satchel/protocol'
import { aDevice, aServer, batchesOf, inTime, opening, settled, SETTINGS, stored, until } from './session-device.js'

const tabOn = opening()

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
    a.transport.goAway()
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
