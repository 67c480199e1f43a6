import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aGuest, aPool, withCredentials, type Somebody } from '../support/a-pool.js'
import { ClientHistory } from '../support/client-history.js'
import { converged, DATASETS, OWN, sharedFaults } from '../support/client-load.js'
import { ClientProcess, type Told } from '../support/client-process.js'
import { AWS_HISTORY_LIMITS, differences } from '../support/dataset-history.js'
import { eventually } from '../support/eventually.js'
import { count, KilledDevice } from '../support/killed-client/killed-device.js'
import { KilledRun } from '../support/killed-client/killed-run.js'
import { settled } from '../support/live-device.js'
import { RUN_SEED, Seeded } from '../support/seeded.js'
import { startServer, type RunningServer } from '../support/start-server.js'
import { TcpProxy } from '../support/tcp-proxy.js'

/**
 * SIGKILLs of processes that have a store open; those of processes that are just opening one come on top.
 * SATCHEL_E2E_KILLS makes a longer run, or a shorter one to try something out.
 */
const KILLS = Number(process.env['SATCHEL_E2E_KILLS'] ?? 200)
const SERVER_KILLS_MIN = Math.ceil(KILLS / 20)
const DEVICES = ['ada', 'ben', 'cleo', 'dora']

const SYNC_MS_MAX = 60_000

/** Breaks the network and kills the server, until the run is over. */
async function storm(run: KilledRun, { proxy, chance }: Readonly<{ proxy: TcpProxy; chance: Seeded }>): Promise<void> {
  const { seen } = run
  for (let at = 0; !run.isOver; at++) {
    await run.nextKills(chance.from(2, 5))
    switch (at % 4) {
      case 0:
        if (proxy.cut() > 0) seen.cuts++
        break
      case 1: {
        const before = proxy.swallowed
        proxy.weather = 'swallowing'
        await run.nextKills(2)
        if (proxy.swallowed > before) seen.swallowed++
        break
      }
      case 2:
        proxy.weather = 'refusing'
        proxy.cut()
        await run.nextKills(2)
        seen.refusals++
        break
      default:
        await server.kill()
        seen.serverKills++
        server = await server.restart()
        proxy.lead(server.url)
    }
    // Whatever was swallowed never comes; nobody has to wait for it.
    if (proxy.weather === 'swallowing') proxy.cut()
    proxy.weather = 'fair'
  }
}

const dataDir = mkdtempSync(join(tmpdir(), 'satchel-client-kill-'))
let devices: readonly KilledDevice[] = []
let server: RunningServer
let proxy: TcpProxy

beforeAll(async () => {
  server = await startServer({ dataDir: join(dataDir, 'server'), settings: { SATCHEL_LOG_LEVEL: 'warn' } })
  proxy = await TcpProxy.start(server.url)
})
afterAll(async () => {
  await Promise.all(devices.map((device) => device.end()))
  await proxy.close()
  await server.kill()
  rmSync(dataDir, { recursive: true })
})

test(`[NH1] [NH2] [NH3] [NH4] [NH5] ${KILLS} SIGKILLs of clients, and some of the server, lose no edit that was saved and apply none twice, seed ${RUN_SEED}`, async () => {
  const chance = new Seeded(RUN_SEED)
  const pool = await aPool(server)
  const user: Somebody = await aGuest(server, pool)
  const least = { kills: KILLS, serverKills: SERVER_KILLS_MIN }
  const run = new KilledRun({ endpoint: proxy.url, pool, guest: user.identity }, dataDir, least)
  devices = DEVICES.map((name) => new KilledDevice(name, run, chance.fork()))

  const unbroken = (work: Promise<void>): Promise<void> =>
    work.catch((fault: unknown) => {
      run.broken = true
      throw fault
    })
  const stormed = storm(run, { proxy, chance: chance.fork() })
  await Promise.all([stormed, ...devices.map((device) => device.live())].map(unbroken))

  const clients = await Promise.all(devices.map((device) => device.awake()))
  const shown = await converged(clients)
  await Promise.all(clients.map((client) => client.close()))
  const { ledger, seen } = run
  console.info(`${JSON.stringify(seen)} ${JSON.stringify(ledger.seen)}`)

  devices.forEach((device, at) => device.check(shown[at]!))
  expect(run.faults).toEqual([])
  expect(ledger.faults).toEqual([])
  const { device: wire } = await withCredentials(server, user)
  for (const dataset of DATASETS) {
    const listing = await wire.list(dataset)
    expect(differences(ledger.histories.get(dataset)!.replay(AWS_HISTORY_LIMITS), listing)).toEqual([])
    const live = listing.Records.filter(({ Value }) => typeof Value === 'string').map(({ Key, Value }) => [Key, Value])
    for (const one of shown) {
      const { entries, pending, conflicts, parked, syncCount } = one[dataset]!
      expect(new Map(entries)).toEqual(new Map(live as [string, string][]))
      expect({ pending, conflicts, parked, syncCount }).toEqual({
        pending: [],
        conflicts: [],
        parked: [],
        syncCount: listing.DatasetSyncCount,
      })
    }
  }
  const histories = devices.map(({ history }) => history)
  expect(sharedFaults(shown[0]!, histories)).toEqual([])
  // A run in which nothing happened proves nothing.
  for (const [what, times] of Object.entries({ ...seen, ...ledger.seen }))
    expect([what, times > 0]).toEqual([what, true])
  expect(seen.kills).toBeGreaterThanOrEqual(KILLS)
  expect(seen.serverKills).toBeGreaterThanOrEqual(SERVER_KILLS_MIN)
}, 600_000)

test('[NH1] the same check finds an edit that was saved and is not there', async () => {
  const pool = await aPool(server)
  const options = { endpoint: proxy.url, pool, directory: join(dataDir, 'robbed'), paused: true }
  const history = new ClientHistory('ada')
  const listen = (told: Told): void => {
    if (told.kind === 'intent') history.intended(told.intent)
    if (told.kind === 'saved') history.saved(told.n, told.after)
  }
  const first = ClientProcess.start({ listen })
  history.reopened(await first.open(options, DATASETS))
  await first.load({ seed: RUN_SEED, device: 'ada', from: 1, own: OWN, shared: OWN[0]! })
  await eventually(() => settled(count(first.told, 'saved') > 20, 'too few edits'), SYNC_MS_MAX)
  await first.kill()
  const journal = readdirSync(options.directory, { recursive: true, encoding: 'utf8' }).find((path) =>
    path.endsWith('/journal'),
  )!
  const path = join(options.directory, journal)
  // As a journal would do that told of saved edits before they were.
  truncateSync(path, Math.floor(statSync(path).size / 2))
  const second = ClientProcess.start()
  const faults = history.reopened(await second.open(options, DATASETS))
  await second.kill()
  expect(faults.join()).toMatch('shows what no edits of it lead to')
})
