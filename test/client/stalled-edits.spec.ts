import 'reflect-metadata'
import { aDevice, aServer, inTime, opening, settled, until } from './session-device.js'

const tabOn = opening()

test('[NE8] edits that do not move for 30 s are said to be stalled, with the reason, until something moves', async () => {
  const world = await aServer()
  const a = await tabOn(world)
  await until(() => a.isQuiet())
  a.transport.goAway()
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
  a.transport.goAway()
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
