import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aGuest, aPool, type Somebody } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { aGuestBearer, asking, twin, type Bearer } from '../support/live-device.js'
import { runSatchel } from '../support/run-satchel.js'
import { RUN_SEED, Seeded } from '../support/seeded.js'
import { SERVER_MAIN, startServer, type RunningServer } from '../support/start-server.js'
import { deviceAt, replace } from '../support/wire-client.js'

const KILLS = 12
const TEST_MS_MAX = 240_000

const directory = mkdtempSync(join(tmpdir(), 'satchel-key-files-'))
const dataDir = join(directory, 'data')
const settings = { SATCHEL_DATA_DIR: dataDir }
const URL_SETTING = { SATCHEL_PUBLIC_URL: 'http://satchel.test' } // ports change, and the issuer of tokens must not
let server: RunningServer | null = null
afterAll(async () => {
  await server?.kill()
  rmSync(directory, { recursive: true })
})

const start = async (): Promise<RunningServer> => (server = await startServer({ dataDir, settings: URL_SETTING }))
const satchel = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await runSatchel(args, settings)
  expect([code, stderr]).toEqual([0, ''])
  return stdout
}

/** What somebody got at one time, and shows at others. */
type Held = Readonly<{ who: Somebody; bearer: Bearer; session: string }>

async function given(pool: string): Promise<Held> {
  const who = await aGuest(server!, pool)
  const { SyncSessionToken: session } = await who.device.list('settings')
  return { who, bearer: await aGuestBearer(server!, pool), session }
}

/** The statuses with which credentials, a sync session and an OpenID token are answered. */
async function shown({ who, bearer, session }: Held): Promise<readonly number[]> {
  const device = deviceAt(server!, who)
  const request = { device: 'holder', datasets: [asking({ dataset: 'settings' })] }
  return [
    (await device.listRaw('settings')).status,
    (await device.updateRaw('settings', session, [replace('theme', 'dark')])).status,
    (await twin(server!, 'sync', request, { token: bearer.token })).status,
  ]
}

const otherKeys = () => readdirSync(dataDir).filter((name) => /^master\.key\.[0-9a-f]{12}$/.test(name))
const fingerprintsIn = (keys: string) => [...keys.matchAll(/^ {2}([0-9a-f]{12}) {2}/gm)].map(([, name]) => name!)

test(
  '[KR12] [KR8] [KR3] by the command line: a new master key beside a server that runs, then one beside a stopped server, then the old ones go',
  async () => {
    await start()
    const pool = await aPool(server!)
    const first = await given(pool)
    await eventually(async () => expect(await satchel('keys')).toContain('signs since'), 30_000)
    const [oldest] = fingerprintsIn(await satchel('keys'))

    const beside = await satchel('rotate-keys', '--new-master-key')
    expect(beside).toMatch(new RegExp(`is now [0-9a-f]{12}. The one before, ${oldest}, is kept`))
    expect(beside).toContain('A server runs in')
    expect(await shown(first)).toEqual([200, 200, 200])
    await server!.stop()
    await start()
    expect(await satchel('rotate-keys')).toContain('Closed 1 signing keys anew')
    const second = await given(pool)
    expect([await shown(first), await shown(second)]).toEqual(Array(2).fill([200, 200, 200]))

    await server!.stop()
    const alone = await satchel('rotate-keys', '--new-master-key')
    expect(alone).toContain('Closed 1 signing keys anew')
    await start()
    const third = await given(pool)
    for (const held of [first, second, third]) expect(await shown(held)).toEqual([200, 200, 200])
    const keys = await satchel('keys')
    expect(fingerprintsIn(keys)).toHaveLength(3)
    expect(keys.match(/needed until/g)).toHaveLength(2)

    // As if a week had gone by.
    await server!.stop()
    const [present] = fingerprintsIn(keys)
    for (const name of otherKeys()) if (name !== `master.key.${present}`) rmSync(join(dataDir, name))
    await start()
    // Tokens are signed, by a key that was closed anew.
    expect([await shown(first), await shown(second)]).toEqual(Array(2).fill([403, 403, 200]))
    expect(await shown(third)).toEqual([200, 200, 200])
    await server!.stop()
    server = null
  },
  TEST_MS_MAX,
)

test(
  `[KR12] however often the command is killed, at any moment, the server starts and everything opens, seed ${RUN_SEED}`,
  async () => {
    const chance = new Seeded(RUN_SEED)
    await start()
    const pool = await aPool(server!)
    const before = await given(pool)
    await server!.stop()
    const [sealedBefore] = fingerprintsIn(await satchel('keys'))
    const seen = { untouched: 0, halfway: 0, replaced: 0, ended: 0 }
    for (let kill = 0; kill < KILLS; kill++) {
      const [present] = fingerprintsIn(await satchel('keys'))
      const files = otherKeys().length
      if (await killedAtChange(chance.from(1, CHANGES))) seen.ended++
      expect(await satchel('rotate-keys')).toMatch(/closed under|anew/)
      const [next] = fingerprintsIn(await satchel('keys'))
      if (next !== present) seen.replaced++
      else if (otherKeys().length > files) seen.halfway++
      else seen.untouched++
      // Nothing was sealed under the keys between, and they would soon be too many.
      const needed = [sealedBefore, next].map((fingerprint) => `master.key.${fingerprint}`)
      for (const name of otherKeys()) if (!needed.includes(name)) rmSync(join(dataDir, name))
    }
    await start()
    expect(await shown(before)).toEqual([200, 200, 200])
    console.info(`${KILLS} kills: ${JSON.stringify(seen)}`)
    await server!.stop()
    server = null
  },
  TEST_MS_MAX,
)

/** About as many as there are, to the lock, the new files and the database. */
const CHANGES = 14

/** Kills the command when something in the directory changes for the nth time; true where it had ended before. */
function killedAtChange(nth: number): Promise<boolean> {
  const env = { PATH: process.env['PATH'] ?? '', ...settings }
  const child = spawn(process.execPath, [SERVER_MAIN, 'rotate-keys', '--new-master-key'], { env, stdio: 'ignore' })
  let changes = 0
  const watcher = watch(dataDir, () => void (++changes === nth && child.kill('SIGKILL')))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      watcher.close()
      resolve(code !== null)
    })
  })
}
