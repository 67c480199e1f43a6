import 'reflect-metadata'
import type { DatasetName } from '@satchel/protocol'
import {
  aDevice,
  aServer,
  batchesOf,
  cut,
  inTime,
  opening,
  SETTINGS,
  settled,
  stored,
  type Tab,
  until,
} from './session-device.js'

const tabOn = opening()

/** The first answer to a request with a batch is lost on its way back, with the connection. */
const loseNextAnswer = (tab: Tab): void => {
  tab.transport.meddling.answer = () => {
    tab.transport.mend()
    tab.transport.cut()
    return Promise.reject(cut())
  }
}

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
