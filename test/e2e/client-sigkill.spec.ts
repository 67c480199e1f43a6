import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aGuest, aPool, withCredentials, type Somebody } from '../support/a-pool.js'
import { BatchLedger } from '../support/batch-ledger.js'
import { ClientHistory, faultOfShared } from '../support/client-history.js'
import { ClientProcess, type OpenOptions, type Shown, type Told } from '../support/client-process.js'
import { AWS_HISTORY_LIMITS, differences } from '../support/dataset-history.js'
import { eventually } from '../support/eventually.js'
import { settled } from '../support/live-device.js'
import { Seeded } from '../support/seeded.js'
import { startServer, type RunningServer } from '../support/start-server.js'
import { TcpProxy } from '../support/tcp-proxy.js'

/**
 * SIGKILLs of processes that have a store open; those of processes that are just opening one come on top.
 * SATCHEL_E2E_KILLS makes a longer run, or a shorter one to try something out.
 */
const KILLS = Number(process.env['SATCHEL_E2E_KILLS'] ?? 200)
const SERVER_KILLS_MIN = Math.ceil(KILLS / 20)
const DEVICES = ['ada', 'ben', 'cleo', 'dora']
const OWN = ['alpha', 'beta']
const SHARED = 'shared'
const DATASETS = [...OWN, SHARED]

/** Where a life ends: so long, at most, after the device has told this for the first time. */
const MOMENTS = [
  { kind: 'saved', afterMs: 300 },
  { kind: 'batch', afterMs: 15 },
  { kind: 'answer', afterMs: 100 },
  { kind: 'answer', afterMs: 1_000 },
] as const
/** Nobody waits longer for that, nor when the device says that the network is away. */
const MOMENT_MS_MAX = 3_000
const OPENING_MS_MAX = 60
const SYNC_MS_MAX = 60_000

/** Given again by SATCHEL_E2E_SEED, the run makes the same choices; the moments of death are still the machine's. */
const SEED = Number(process.env['SATCHEL_E2E_SEED'] ?? Date.now() % 2_147_483_647)

const forMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** What all devices of the run share. */
class Run {
  readonly ledger = new BatchLedger()
  readonly faults: string[] = []
  broken = false
  readonly seen = {
    kills: 0,
    killsWhileOpening: 0,
    killsWithFlight: 0,
    livesOffline: 0,
    saved: 0,
    unsaved: 0,
    serverKills: 0,
    cuts: 0,
    swallowed: 0,
    refusals: 0,
  }

  constructor(
    readonly options: Omit<OpenOptions, 'directory'>,
    readonly directory: string,
  ) {}

  /** Also when something broke: then the others stop, too. */
  get isOver(): boolean {
    if (this.broken) return true
    return this.seen.kills >= KILLS && this.seen.serverKills >= SERVER_KILLS_MIN
  }

  /** Resolves when so many clients more were killed, or the run is over. */
  async nextKills(more: number): Promise<void> {
    const until = this.seen.kills + more
    await eventually(() => settled(this.isOver || this.seen.kills >= until, 'nobody was killed'), SYNC_MS_MAX)
  }
}

/** One device over all its lives. */
class Device {
  readonly history: ClientHistory
  private last = 0

  constructor(
    readonly name: string,
    private readonly run: Run,
    private readonly chance: Seeded,
  ) {
    this.history = new ClientHistory(name)
  }

  /** Lives and dies until the run is over. */
  async live(): Promise<void> {
    while (!this.run.isOver) {
      const client = this.start()
      try {
        await client.started()
        await this.liveOnce(client)
      } finally {
        await client.kill()
      }
    }
  }

  /** Opens the device for good. */
  async awake(): Promise<ClientProcess> {
    const client = this.start()
    awake.push(client)
    await this.open(client, false)
    return client
  }

  check(shown: Readonly<Record<string, Shown>>): void {
    this.run.faults.push(...this.history.reopened(shown))
  }

  private async liveOnce(client: ClientProcess): Promise<void> {
    const { run, chance } = this
    const { seen } = run
    if (chance.next() < 0.1) {
      const opening = this.open(client, false).catch(() => {})
      await forMs(chance.from(0, OPENING_MS_MAX))
      await client.kill()
      await opening
      seen.killsWhileOpening++
      return
    }
    const paused = chance.next() < 0.15
    if (paused) seen.livesOffline++
    await this.open(client, paused)
    const from = this.last + 1
    await client.load({ seed: chance.from(0, 2 ** 31), device: this.name, from, own: OWN, shared: SHARED })
    const moment = paused ? MOMENTS[0] : chance.oneOf(MOMENTS)
    const isOver = (told: Told): boolean =>
      told.kind === moment.kind || (told.kind === 'status' && told.status.kind === 'waiting')
    await client.heard((told) => (isOver(told) ? true : undefined), MOMENT_MS_MAX).catch(() => {})
    await forMs(chance.from(0, moment.afterMs))
    await client.kill()
    seen.kills++
    if (hasFlight(client.told)) seen.killsWithFlight++
    seen.unsaved += count(client.told, 'intent') - count(client.told, 'saved')
  }

  private async open(client: ClientProcess, paused: boolean): Promise<void> {
    const { options, directory } = this.run
    this.check(await client.open({ ...options, directory: join(directory, this.name), paused }, DATASETS))
  }

  private start(): ClientProcess {
    return ClientProcess.start({ listen: (told) => this.heard(told) })
  }

  private heard(told: Told): void {
    const { ledger, faults, seen } = this.run
    switch (told.kind) {
      case 'intent':
        this.last = told.intent.n
        return this.history.intended(told.intent)
      case 'saved':
        seen.saved++
        return this.history.saved(told.n, told.after)
      case 'failed':
      case 'fault':
        return void faults.push(`${this.name}: ${JSON.stringify(told)}`)
      case 'batch':
        return ledger.sent(told.batch)
      case 'answer':
        return ledger.answered(told.answer)
      case 'started':
      case 'outcome':
      case 'status':
      case 'changed':
      case 'reply':
        return
    }
  }
}

const count = (told: readonly Told[], kind: Told['kind']): number => told.filter((one) => one.kind === kind).length

/** Whether a batch was sent whose answer was not heard. */
const hasFlight = (told: readonly Told[]): boolean => count(told, 'batch') > count(told, 'answer')

/** Breaks the network and kills the server, until the run is over. */
async function storm(run: Run, { proxy, chance }: Readonly<{ proxy: TcpProxy; chance: Seeded }>): Promise<void> {
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

/** Brings every device up to everything, and answers what each shows then. */
async function converged(clients: readonly ClientProcess[]): Promise<Record<string, Shown>[]> {
  const all = (): Promise<unknown> =>
    Promise.all(clients.map((client) => eventually(() => client.synchronize(), SYNC_MS_MAX)))
  // First everybody's edits get in, then everybody fetches those of the others; a clash lost in the first is sent in the second.
  for (let round = 0; round < 3; round++) await all()
  return Promise.all(
    clients.map(async (client) =>
      Object.fromEntries(await Promise.all(DATASETS.map(async (name) => [name, await client.show(name)] as const))),
    ),
  )
}

const dataDir = mkdtempSync(join(tmpdir(), 'satchel-client-kill-'))
const awake: ClientProcess[] = []
let server: RunningServer
let proxy: TcpProxy

beforeAll(async () => {
  server = await startServer({ dataDir: join(dataDir, 'server'), settings: { SATCHEL_LOG_LEVEL: 'warn' } })
  proxy = await TcpProxy.start(server.url)
})
afterAll(async () => {
  await Promise.all(awake.map((client) => client.kill()))
  await proxy.close()
  await server.kill()
  rmSync(dataDir, { recursive: true })
})

test(`[NH1] [NH2] [NH3] [NH4] [NH5] ${KILLS} SIGKILLs of clients, and some of the server, lose no edit that was saved and apply none twice, seed ${SEED}`, async () => {
  const chance = new Seeded(SEED)
  const pool = await aPool(server)
  const user: Somebody = await aGuest(server, pool)
  const run = new Run({ endpoint: proxy.url, pool, guest: user.identity }, dataDir)
  const devices = DEVICES.map((name) => new Device(name, run, chance.fork()))

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
  for (let n = 0; n < 4; n++) {
    const key = `shared.${n}`
    const value = new Map(shown[0]![SHARED]!.entries).get(key) ?? null
    expect(faultOfShared({ dataset: SHARED, key, value }, histories)).toBeNull()
  }
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
  await first.load({ seed: SEED, device: 'ada', from: 1, own: OWN, shared: OWN[0]! })
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
