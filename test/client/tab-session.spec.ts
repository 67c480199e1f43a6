import 'reflect-metadata'
import { ConnectionFault } from '../../libs/client/src/transport/transport.js'
import { inTime, leadAndFollow, opening, settled, SETTINGS, until } from './session-device.js'

const tabOn = opening()

const twoTabs = () => leadAndFollow(tabOn)

test('[NE15] one tab talks to the network, and every tab shows how syncing stands', async () => {
  const { leader, follower } = await twoTabs()
  expect(leader.tabs.leads).toBe(true)
  expect(follower.transport.connects).toBe(0)
  expect(follower.session.status).toEqual(leader.session.status)
})

test('[NE15] what a follower edits is sent by the leader, and what the server says is shown in both', async () => {
  const { world, leader, follower } = await twoTabs()
  const elsewhere = await tabOn(world)
  await follower.edit({ theme: 'dark' })
  await until(() => elsewhere.shown()['theme'] === 'dark')
  await elsewhere.edit({ font: 'mono' })
  await until(() => follower.shown()['font'] === 'mono' && leader.shown()['font'] === 'mono')
  await until(() => follower.store.replica.pending(SETTINGS).length === 0)
  expect(follower.transport.connects).toBe(0)
})

test("[NE15] a follower's synchronize resolves with what came of it", async () => {
  const { world, leader, follower } = await twoTabs()
  const elsewhere = await tabOn(world)
  await until(() => elsewhere.isQuiet())
  leader.transport.meddling.hint = () => false
  await elsewhere.edit({ font: 'mono' })
  await until(() => elsewhere.isQuiet())
  await follower.edit({ theme: 'dark' })
  expect(await follower.session.synchronize()).toMatchObject({ received: 1, conflicts: 0, parked: 0 })
  expect(follower.shown()).toEqual({ theme: 'dark', font: 'mono' })
  expect(follower.store.replica.pending(SETTINGS)).toEqual([])
})

test("[NE15] a follower's synchronize rejects where the leader cannot", async () => {
  const { leader, follower } = await twoTabs()
  leader.transport.goAway()
  await until(() => follower.session.status.kind === 'waiting')
  await expect(follower.session.synchronize()).rejects.toMatchObject({ message: 'nobody is there' })
})

test('[NE15] pausing in any tab pauses the device, also once another tab leads', async () => {
  const { leader, follower } = await twoTabs()
  follower.session.pause()
  await until(() => leader.session.status.kind === 'offline')
  expect(follower.session.status).toMatchObject({ kind: 'offline', reason: 'paused by the app' })
  await leader.close()
  await until(() => follower.tabs.leads)
  await settled()
  expect(follower.session.status.kind).toBe('offline')
  expect(follower.transport.connects).toBe(0)
  follower.session.resume()
  await until(() => follower.isQuiet())
})

test('[NE15] when the leader goes, another tab takes over at once', async () => {
  const { leader, follower } = await twoTabs()
  await leader.close()
  await until(() => follower.isQuiet())
  await follower.edit({ theme: 'dark' })
  await until(() => follower.isQuiet())
  expect(follower.transport.asked.length).toBeGreaterThan(0)
})

test('[NE15] a frozen leader is replaced by a tab whose edits wait, and ends when it wakes', async () => {
  const { world, leader, follower } = await twoTabs()
  leader.tabs.freeze()
  await follower.edit({ theme: 'dark' })
  const ms = await inTime(world, () => follower.tabs.leads && follower.isQuiet())
  expect(ms).toBeLessThanOrEqual(10_000)
  const asked = leader.transport.asked.length
  leader.tabs.thaw()
  await until(() => leader.session.status.kind === 'live' && leader.shown()['theme'] === 'dark')
  await leader.edit({ font: 'mono' })
  await inTime(world, () => follower.isQuiet() && leader.store.replica.pending(SETTINGS).length === 0)
  expect(leader.transport.asked).toHaveLength(asked)
  expect([...leader.faults, ...follower.faults]).toEqual([])
})

test('[NE15] a leader that was replaced without being told is stopped by its own journal', async () => {
  const { world, device, leader, follower } = await twoTabs()
  leader.tabs.freeze()
  await follower.edit({ theme: 'dark' })
  await inTime(world, () => follower.tabs.leads && follower.isQuiet())
  const theirs = await tabOn(world)
  await until(() => theirs.isQuiet())
  await theirs.edit({ font: 'mono' })
  await until(() => leader.session.status.kind === 'connecting')
  await inTime(world, () => follower.shown()['font'] === 'mono')
  const answers = device.file.groups.filter(({ text }) => text.includes('mono'))
  expect(answers).toHaveLength(1)
})

test('[NE15] a follower that wishes to synchronize past a frozen leader takes its place and does it', async () => {
  const { world, leader, follower } = await twoTabs()
  leader.tabs.freeze()
  let report: unknown = null
  void follower.session.synchronize().then((done) => (report = done))
  await inTime(world, () => report !== null)
  expect(follower.tabs.leads).toBe(true)
})

test('[NE15] a tab that knows of a new login takes the lead', async () => {
  const { leader, follower } = await twoTabs()
  follower.session.reconnect()
  await until(() => follower.tabs.leads && follower.isQuiet())
  await until(() => leader.session.status.kind === 'live')
  expect(leader.tabs.leads).toBe(false)
})

test('a session that is closed says nothing and does nothing any more', async () => {
  const { world, leader, follower } = await twoTabs()
  await follower.close()
  await leader.session.close()
  const { connects } = leader.transport
  const told = leader.statuses.length
  world.clock.advance(600_000)
  await settled()
  expect(leader.transport.connects).toBe(connects)
  expect(leader.statuses).toHaveLength(told)
  await expect(leader.session.synchronize()).rejects.toBeInstanceOf(ConnectionFault)
})
