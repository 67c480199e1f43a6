import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aPool } from '../support/a-pool.js'
import { ClientProcess } from '../support/client-process.js'
import { eventually } from '../support/eventually.js'
import { aGuestBearer, asking, twin } from '../support/live-device.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { KeyHolders, keyRefusalsOf, kidOf, refusalIn } from '../support/nodes/key-holders.js'
import { servedSite } from '../support/nodes/served-site.js'
import { MASTER_KEY } from '../support/nodes/site.js'
import { runSatchel } from '../support/run-satchel.js'
import { RUN_SEED } from '../support/seeded.js'
import { spawnServer } from '../support/start-server.js'
import { replace } from '../support/wire-client.js'

const TEST_MS_MAX = 400_000
/** Twice what every server promises. */
const LEARNED_MS_MAX = 60_000
/** On a machine that has much else to do. */
const ENDED_MS_MAX = 60_000

const OLD = MASTER_KEY
const NEW = randomBytes(32).toString('base64')

describeWithPostgres('keys of three nodes', (postgres) => {
  const directory = mkdtempSync(join(tmpdir(), 'satchel-rotation-'))
  const served = servedSite(postgres)
  let client: ClientProcess | null = null
  afterAll(async () => {
    await client?.kill()
    rmSync(directory, { recursive: true, force: true })
  })

  type Keys = Readonly<{ SATCHEL_MASTER_KEY: string; SATCHEL_OTHER_MASTER_KEYS?: string }>
  const satchel = async (keys: Keys, ...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runSatchel(args, { SATCHEL_DATABASE_URL: served.databaseUrl, ...keys })
    expect([code, stderr]).toEqual([0, ''])
    return stdout
  }
  const refusals: string[] = []
  /** One node after the other, as an operator does it. */
  const roll = async (keys: Keys): Promise<void> => {
    const { site } = served
    for (const place of site.nodes.keys()) {
      refusals.push(...(await keyRefusalsOf(site.nodes[place]!.url)))
      await site.stop(place)
      await site.restart(place, keys)
    }
  }

  test(
    `[KR1] [KR3] [KR4] [KR5] [KR6] both kinds of keys are exchanged under load and nobody is refused for a key, seed ${RUN_SEED}`,
    async () => {
      const { site } = served
      const pool = await aPool(site.running)

      const holders = await KeyHolders.start(site.running, pool)
      const { load } = await served.underLoad({ devices: 2, deleting: false })
      client = ClientProcess.start()
      await client.open({ endpoint: site.running.url, pool, directory: join(directory, 'device') }, ['settings'])
      await client.save(1, 'settings', [['theme', 'dark']])
      await client.synchronize()

      // A signing key that nodes which run have to learn of, and be shown before some of them have read it.
      const firstKid = kidOf(holders.bearers[0]!.token)
      expect(await satchel({ SATCHEL_MASTER_KEY: OLD }, 'rotate-keys', '--signing', '--signs-after', '0')).toContain(
        'Added the signing key',
      )
      const newest = async () => kidOf((await aGuestBearer(site.running, pool)).token)
      await eventually(async () => expect(await newest()).not.toBe(firstKid), LEARNED_MS_MAX)
      for (const { url } of site.nodes) {
        await eventually(async () => {
          const { keys } = (await (await fetch(`${url}/.well-known/jwks_uri`)).json()) as { keys: object[] }
          expect(keys).toHaveLength(2)
        }, LEARNED_MS_MAX)
      }

      await roll({ SATCHEL_MASTER_KEY: OLD, SATCHEL_OTHER_MASTER_KEYS: NEW })
      const both = { SATCHEL_MASTER_KEY: NEW, SATCHEL_OTHER_MASTER_KEYS: OLD }
      await roll(both)
      const closed = await Promise.all([satchel(both, 'rotate-keys'), satchel(both, 'rotate-keys')])
      // Both may say that they did it, one of them, or the first of them before the other looked; the keys are closed once.
      expect(closed.join('')).toMatch(/Closed 2 signing keys anew/)
      expect(await satchel(both, 'rotate-keys')).toContain('(2) are closed under')
      expect(await satchel(both, 'rotate-keys', '--signing', '--signs-after', '0')).toContain('Added')
      await eventually(() => Promise.resolve(expect(holders.seen.kids.size).toBe(3)), LEARNED_MS_MAX)

      // What was sealed first of all is still worth something, now that another key seals.
      await holders.take()
      await holders.finish()
      for (const session of holders.sessions) await holders.spend(session)
      for (const somebody of holders.people) await holders.showCredentials(somebody)
      for (const bearer of holders.bearers) await holders.showToken(bearer)
      const faults = await load.faults()
      for (const { url } of site.nodes) refusals.push(...(await keyRefusalsOf(url)))
      console.info(
        `${holders.seen.shown} times something was shown, of ${holders.seen.given} of each kind: ${JSON.stringify(load.seen)}`,
      )
      expect([...holders.faults, ...faults]).toEqual([])
      expect(refusals).toEqual([])
      expect(holders.seen.given).toBeGreaterThan(5)
      expect(load.seen.aws.bySdk).toBeGreaterThan(5)

      const shown = await satchel(both, 'keys')
      expect(shown).toMatch(/^ {2}[0-9a-f]{12} {2}needed until \S+Z for sync sessions and credentials/m)
      for (const secret of [OLD, NEW]) expect(shown).not.toContain(secret)

      await dropped(holders, pool)
    },
    TEST_MS_MAX,
  )

  /** The old master key is taken away, and the first signing key, whose tokens have ended. */
  async function dropped(holders: KeyHolders, pool: string): Promise<void> {
    const [oldest, latest] = [holders.people[0]!, holders.people.at(-1)!]
    const [firstBearer, lastBearer] = [holders.bearers[0]!, holders.bearers.at(-1)!]
    const session = (who: typeof oldest) => holders.sessions.find((held) => held.who === who)!
    const { site, database } = served
    await postgres().ask(`DELETE FROM signing_key WHERE kid = '${kidOf(firstBearer.token)}'`, database)
    await roll({ SATCHEL_MASTER_KEY: NEW })

    expect(refusalIn(await oldest.device.listRaw('unspent'))).toEqual([403, 'UnrecognizedClientException'])
    expect((await latest.device.listRaw('unspent')).status).toBe(200)
    // Somebody with credentials of today has kept a session of the old key.
    const kept = { ...latest, device: latest.device }
    const old = await kept.device.updateRaw(session(oldest).dataset, session(oldest).token, [replace('theme', 'dark')])
    expect(refusalIn(old)).toEqual([400, 'InvalidParameterException'])

    const request = { device: 'holder', datasets: [asking({ dataset: 'settings' })] }
    const tokenShown = (token: string) => twin(site.running, 'sync', request, { token })
    expect((await tokenShown(lastBearer.token)).status).toBe(200)
    const refused = await tokenShown(firstBearer.token)
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('InvalidIdentityToken')])

    // The device has a token of the first key as well, and helps itself.
    await client!.save(2, 'settings', [['theme', 'light']])
    await eventually(() => client!.synchronize(), LEARNED_MS_MAX)
    expect(await client!.show('settings')).toMatchObject({ entries: [['theme', 'light']], pending: [], syncCount: 2 })
    expect(await client!.status()).toMatchObject({ kind: 'live' })
    expect(await aGuestBearer(site.running, pool)).toMatchObject({ pool })
  }

  test('[KR9] a server whose master key does not open the signing keys says which one would, and does not start', async () => {
    const other = randomBytes(32).toString('base64')
    const started = spawnServer({
      SATCHEL_DATABASE_URL: served.databaseUrl,
      SATCHEL_MASTER_KEY: other,
      SATCHEL_DATA_DIR: join(directory, 'refused'),
      SATCHEL_PORT: '0',
    })
    expect((await started.end(ENDED_MS_MAX)).code).toBe(1)
    expect(started.output).toMatch(
      /the signing key us-east-1\d+ in the database does not open .*\([0-9a-f]{12}\): it is closed under [0-9a-f]{12};/,
    )
    expect(started.output).not.toMatch(/Satchel is ready|"listening"/)
    for (const secret of [other, OLD, NEW]) expect(started.output).not.toContain(secret)
  })
})
