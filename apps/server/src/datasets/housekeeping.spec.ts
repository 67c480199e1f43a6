import { AWS_LIMITS, type DeviceId } from '@satchel/protocol'
import { deviceMarkerId } from '../domain/batch-marker.js'
import type { PlacedOutboxRow } from '../domain/outbox-row.js'
import { IDENTITY, path, POOL, remove, replace } from '../domain/testing/a-dataset.js'
import { MemoryDatabase } from '../store/memory/memory-database.js'
import { MemoryOutboxStore } from '../store/memory/memory-outbox-store.js'
import { Housekeeping } from './housekeeping.js'
import { SessionCount } from './session-count.js'
import { datasetsWorld } from './testing/datasets-world.js'

const HOUR = 3_600_000
const TEN_MINUTES = 600_000

async function setUp(over: Partial<ConstructorParameters<typeof Housekeeping>[0]> = {}) {
  const world = await datasetsWorld()
  const { clock, sessions, opened } = world
  const { store } = world.harness
  const removed: string[] = []
  const housekeeping = new Housekeeping({
    ...{ store, sessions, opened, clock },
    outbox: new MemoryOutboxStore(new MemoryDatabase()),
    forgetSigningKeys: () => Promise.resolve(0),
    tombstoneDays: 180,
    streamRetentionDays: 7,
    turn: { isOurs: () => Promise.resolve(true), end: () => Promise.resolve() },
    observer: { removed: (what, rows) => removed.push(`${rows} ${what}`), failed: () => {} },
    ...over,
  })
  /** A task sets its next time when it is done, so time moves in two steps, the last past the interval of the tasks in question. */
  const pass = async (ms: number, lastMs: number) => {
    for (const step of [ms - lastMs, lastMs]) {
      clock.advance(step)
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    }
  }
  return { ...world, store, housekeeping, removed, pass }
}

test('[U2] every session that is opened counts at once, and is handed to the store by housekeeping', async () => {
  const { datasets, list, store, housekeeping } = await setUp()
  const { sessionToken } = await list()
  await list()
  await list({ sessionToken })
  expect(await datasets.poolUsage(POOL)).toMatchObject({ syncSessions: 2 })
  await housekeeping.stop()
  expect(await store.poolUsage(POOL)).toMatchObject({ syncSessions: 2 })
  expect(await datasets.poolUsage(POOL)).toMatchObject({ syncSessions: 2 })
})

test('[B2] housekeeping collects tombstones past their age, and forgets sessions only when they have expired', async () => {
  const { write, list, sessions, housekeeping, removed, pass } = await setUp()
  await write(replace('a', '1'), replace('b', '1'))
  await write(remove('a', 1))
  const { sessionToken } = await list()
  housekeeping.start()
  await pass(23 * HOUR, TEN_MINUTES)
  expect(removed).toEqual([])
  await pass(2 * HOUR, TEN_MINUTES)
  expect(removed).toEqual(['2 markers'])
  await pass(180 * 24 * HOUR, TEN_MINUTES)
  expect(removed).toEqual(['2 markers', '1 tombstones'])
  expect((await list()).records.map(({ key }) => key)).toEqual(['b'])
  expect(sessions.idOf(path(), sessionToken)).toBeNull()
  await housekeeping.stop()
})

test('[MV6] while it is the turn of another node, housekeeping removes nothing and still hands over its own counts', async () => {
  let ours = false
  const turn = { isOurs: () => Promise.resolve(ours), end: () => Promise.resolve() }
  const { write, list, store, housekeeping, removed, pass } = await setUp({ turn })
  await write(replace('a', '1'))
  await write(remove('a', 1))
  await list()
  housekeeping.start()
  await pass(181 * 24 * HOUR + TEN_MINUTES, TEN_MINUTES)
  expect(removed).toEqual([])
  expect(await store.poolUsage(POOL)).toMatchObject({ syncSessions: 3 })
  ours = true
  await pass(181 * 24 * HOUR + TEN_MINUTES, TEN_MINUTES)
  expect(removed).toContain('1 tombstones')
  await housekeeping.stop()
})

test('[NA4] housekeeping forgets a device 400 days after its last batch', async () => {
  const { store, clock, housekeeping, pass } = await setUp()
  const phone = 'phone' as DeviceId
  const origin = { id: deviceMarkerId(path(), phone), number: 1, hash: 'h' }
  const at = clock.now()
  await store.commit([{ kind: 'update', path: path(), batch: [], origin, device: phone, at, by: phone }], AWS_LIMITS)
  housekeeping.start()
  const remembered = async (ms: number) => {
    await pass(ms, 601_000)
    return store.hasMarker(IDENTITY, origin.id)
  }
  expect(await remembered(400 * 24 * HOUR)).toBe(true)
  expect(await remembered(HOUR)).toBe(false)
  await housekeeping.stop()
})

test('[V13] housekeeping prunes the change log past its age, as far as it is published', async () => {
  const database = new MemoryDatabase()
  const { clock, housekeeping, removed, pass } = await setUp({ outbox: new MemoryOutboxStore(database) })
  const row = {
    id: 'e',
    streamName: 's',
    identity: path().identity,
    type: 'change',
    payload: '{}',
    partition: 0,
    shard: 0,
  }
  const rest = {
    pool: path().pool,
    dataset: path().dataset,
    epoch: 1,
    syncCount: 1,
    previous: 0,
    createdAt: clock.now(),
  }
  for (const seq of [1, 2]) database.outbox.set(seq, { ...row, ...rest, seq } as PlacedOutboxRow)
  database.unpublished.add(1)
  housekeeping.start()
  const keptAfter = async (ms: number) => {
    await pass(ms, 61_000)
    return [...database.outbox.keys()]
  }
  expect(await keptAfter(7 * 24 * HOUR)).toEqual([1, 2])
  expect(await keptAfter(HOUR)).toEqual([1])
  expect(removed).toContain('1 changes')
  await housekeeping.stop()
})

test('[F18] housekeeping ends also where the store is away, and says what it could not hand over', async () => {
  const away = () => Promise.reject(new Error('away'))
  const opened = new SessionCount({ addSyncSessions: away })
  opened.add(POOL)
  const failed: string[] = []
  const { housekeeping } = await setUp({
    opened,
    turn: { isOurs: away, end: away },
    observer: { removed: () => {}, failed: (what) => failed.push(what) },
  })
  housekeeping.start()
  await housekeeping.stop()
  expect(failed).toEqual(['count sync sessions', 'end the turn'])
})
