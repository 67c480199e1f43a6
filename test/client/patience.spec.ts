import 'reflect-metadata'
import { refusal } from './core-transport.js'
import { aDevice, aServer, inTime, leadAndFollow, opening, settled, until, type Tab } from './session-device.js'

const tabOn = opening()

const BUSY = { code: 'ServiceUnavailable', message: 'too much is waiting', retryAfterMs: 60_000 } as const

/** The next thing that a tab asks for is refused, with a minute's time. */
const refuseNext = (tab: Tab): void => {
  tab.transport.meddling.request = (message) => {
    if (message !== 'sync') return
    tab.transport.mend()
    throw refusal(BUSY)
  }
}

test('[NM2] a tab that takes the lead waits for the time that the server named to the one before', async () => {
  const { world, leader, follower } = await leadAndFollow(tabOn)
  refuseNext(leader)
  await leader.edit({ theme: 'dark' })
  await until(() => follower.session.status.kind === 'waiting')
  await leader.close()
  await until(() => follower.tabs.leads)
  const ms = await inTime(world, () => follower.transport.connects > 0)
  expect(ms).toBeGreaterThanOrEqual(60_000)
  await inTime(world, () => follower.isQuiet())
})

test('[NM2] a tab that has the lead again remembers what it was told when it had it before', async () => {
  const { world, leader, follower } = await leadAndFollow(tabOn)
  follower.transport.meddling.connect = () => Promise.reject(new Error('has no network'))
  refuseNext(leader)
  await leader.edit({ theme: 'dark' })
  await until(() => leader.session.status.kind === 'waiting')
  follower.session.reconnect()
  await until(() => follower.tabs.leads && leader.session.status.reason !== BUSY.message)
  await follower.close()
  await until(() => leader.tabs.leads)
  const { connects } = leader.transport
  await settled()
  expect(leader.session.status).toMatchObject({ kind: 'waiting', reason: 'the server has asked for patience' })
  await expect(leader.session.synchronize()).rejects.toMatchObject({ message: 'the server has asked for patience' })
  const ms = await inTime(world, () => leader.transport.connects > connects)
  expect(ms).toBeGreaterThanOrEqual(59_000)
})

test('[NM2] a time that the server names counts also where nobody waits for the answer any more', async () => {
  const world = await aServer()
  const tab = await tabOn(world, aDevice(), { paused: true })
  let refuse: (() => void) | null = null
  tab.transport.meddling.connect = () => new Promise((_, reject) => (refuse = () => reject(refusal(BUSY))))
  tab.session.resume()
  await until(() => refuse !== null)
  // In one turn of the event loop, as a page that was frozen is told both.
  world.clock.advance(15_000)
  refuse!()
  await until(() => tab.session.status.reason.includes('not answered'))
  tab.transport.mend()
  const ms = await inTime(world, () => tab.isQuiet())
  expect(ms).toBeGreaterThanOrEqual(60_000)
})

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
