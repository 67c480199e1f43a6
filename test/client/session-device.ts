import initSqlJs from 'sql.js'
import type { DatasetName, DeviceId, RecordKey, SyncCount } from '@satchel/protocol'
import { memoryHarness } from '../../apps/server/src/store/testing/memory-harness.js'
import { exchangeWorld, type WorldOptions } from '../../apps/server/src/datasets/testing/exchange-world.js'
import type { ConflictPolicy, WireEvent } from '../../libs/client/src/api.js'
import { MemoryJournalFile } from '../../libs/client/src/journal/testing/memory-journal.js'
import type { Random } from '../../libs/client/src/runtime/random.js'
import { JournaledStore } from '../../libs/client/src/local/journaled-store.js'
import { Patience } from '../../libs/client/src/session/patience.js'
import { TabSession } from '../../libs/client/src/session/tab-session.js'
import type { Status } from '../../libs/client/src/status.js'
import { MemoryTabs } from '../../libs/client/src/tabs/testing/memory-tabs.js'
import { ConnectionFault } from '../../libs/client/src/transport/transport.js'
import { SeededRandom } from '../../apps/server/src/runtime/testing/seeded-random.js'
import { CoreTransport } from './core-transport.js'
import { count, IDENTITY, path } from '../../apps/server/src/domain/testing/a-dataset.js'

export const SETTINGS = 'settings' as DatasetName

const sql = initSqlJs()

/** The real server core, and whatever devices a test opens. */
export async function aServer(options: WorldOptions = {}) {
  return exchangeWorld(memoryHarness(), options)
}

export type World = Awaited<ReturnType<typeof aServer>>

/** A device's storage and tabs, which survive its tabs. */
export type Device = Readonly<{ file: MemoryJournalFile; tabs: MemoryTabs; seed: number }>

let devices = 0
export const aDevice = (file = new MemoryJournalFile()): Device => ({ file, tabs: new MemoryTabs(), seed: ++devices })

export type TabOptions = {
  policy?: ConflictPolicy
  paused?: boolean
  datasets?: readonly string[]
  tokens?: (known: string | null) => Promise<string> | string
}

/** A tab of a device, with a session over its store. */
export async function aTab(world: World, device: Device = aDevice(), options: TabOptions = {}) {
  const { clock } = world
  const { policy = 'last-writer', paused = false, datasets = [SETTINGS], tokens = () => 'good' } = options
  const seeded = new SeededRandom(device.seed)
  const random: Random = { fraction: () => seeded.next(), uuid: () => seeded.uuid() }
  const transport = new CoreTransport(world)
  const tabs = device.tabs.open()
  const patience = new Patience(clock)
  const faults: Error[] = []
  const wire: WireEvent[] = []
  const statuses: Status[] = []
  const deferred: string[] = []
  const onFault = (fault: Error) => faults.push(fault)
  const store = await JournaledStore.open({ journal: device.file.open(), sql: await sql, tabs, clock, random, onFault })
  await store.write(datasets.map((dataset) => ({ kind: 'open', dataset: dataset as DatasetName })))
  const session = new TabSession({
    ...{ store, tabs, transport, clock, random, paused, patience, onFault },
    provider: {
      authenticate: async (known) => ({ identity: known ?? IDENTITY, token: await tokens(known), guest: true }),
    },
    policyOf: () => policy,
    onDeferred: (_, key) => deferred.push(key),
    onWire: (event) => wire.push(event),
  })
  session.onStatus((status) => statuses.push(status))
  session.start()

  const edit = (values: Readonly<Record<string, string | null>>, dataset = SETTINGS) =>
    store.write([
      {
        kind: 'edit',
        dataset,
        edits: Object.entries(values).map(([key, value]) => ({
          key: key as RecordKey,
          value,
          base: store.replica.baseOf(dataset, key as RecordKey),
          at: clock.now(),
        })),
      },
    ])
  const shown = (dataset = SETTINGS) => Object.fromEntries(store.replica.reader(dataset).entries())
  const isQuiet = () =>
    session.status.kind === 'live' && store.replica.datasets().every((name) => store.replica.pending(name).length === 0)
  const close = async () => {
    await session.close()
    await store.close()
    tabs.close()
  }
  return {
    ...{ store, session, transport, tabs, faults, wire, statuses, deferred, device },
    ...{ edit, shown, isQuiet, close },
    kinds: () => statuses.map(({ kind }) => kind).filter((kind, index, all) => kind !== all[index - 1]),
  }
}

export type Tab = Awaited<ReturnType<typeof aTab>>

/** Opens tabs, see {@link aTab}, and closes after each test what was opened in it. */
export function opening(): typeof aTab {
  const open: Tab[] = []
  afterEach(async () => {
    for (const tab of open.splice(0)) await tab.close()
  })
  return async (...given) => {
    const tab = await aTab(...given)
    open.push(tab)
    return tab
  }
}

/** Two tabs of one device, the first of which leads. */
export async function leadAndFollow(tabOn: typeof aTab) {
  const world = await aServer()
  const device = aDevice()
  const leader = await tabOn(world, device)
  await until(() => leader.isQuiet())
  const follower = await tabOn(world, device)
  await until(() => follower.session.status.kind === 'live')
  return { world, device, leader, follower }
}

/** Lets everything happen that needs no time, until the condition holds. */
export async function until(condition: () => boolean, turns = 500): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    if (condition()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error(`did not come about: ${condition.toString()}`)
}

/** What the server holds, without asking anybody. */
export const stored = async (world: World, name = 'settings') => {
  const listing = await world.harness.store.list(path(name), {
    after: { syncCount: count(0), key: null },
    through: null,
    limit: 10_000,
  })
  const values = Object.fromEntries(listing.records.map(({ key, value }) => [key, value]))
  return { count: listing.dataset.syncCount, values }
}

/** Batches as they reached the server. */
export const batchesOf = (tab: Tab) =>
  tab.transport.asked.flatMap(({ device, datasets }) =>
    datasets.flatMap(({ batch }) =>
      batch === null ? [] : [{ device, number: batch.number, keys: batch.patches.length }],
    ),
  )

/** Lets everything happen that needs no time. */
export async function settled(turns = 50): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Lets time pass in steps that are shorter than any time limit. */
export async function pass(world: World, ms: number): Promise<void> {
  const STEP_MS = 10_000
  for (let left = ms; left > 0; left -= STEP_MS) {
    world.clock.advance(Math.min(left, STEP_MS))
    await settled(8)
  }
}

/** Moves time on in small steps until the condition holds, and answers how much it took. */
export async function inTime(world: World, condition: () => boolean, msMax = 120_000): Promise<number> {
  const STEP_MS = 100
  for (let ms = 0; ms <= msMax; ms += STEP_MS) {
    await settled(20)
    if (condition()) return ms
    world.clock.advance(STEP_MS)
  }
  throw new Error(`did not come about within ${msMax} ms: ${condition.toString()}`)
}

export const cut = () => new ConnectionFault('cut', 'the answer got lost')

export const NEVER = 0 as SyncCount
export const asDevice = (id: string) => id as DeviceId
