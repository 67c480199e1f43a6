import 'reflect-metadata'
import type { SyncAnswer } from '@satchel/protocol'
import {
  aDevice,
  aServer,
  type TabOptions,
  inTime,
  opening,
  SETTINGS,
  settled,
  stored,
  until,
} from './session-device.js'

const tabOn = opening()

/** Both devices change a key at the same time, `b` without a network. */
const clashing = async (options: TabOptions) => {
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
