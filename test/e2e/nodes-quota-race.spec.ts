import { aGuest, aPool, type Somebody } from '../support/a-pool.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { servedSite } from '../support/nodes/served-site.js'
import { RUN_SEED } from '../support/seeded.js'
import { deviceAt, errorOf, okOf, remove, replace, type WireDevice, type WireRecord } from '../support/wire-client.js'

const WRITERS = 20
/** As many as fit into this time, of each kind. */
const RACES_MS = 12_000
const RACES_MIN = 30
const BYTES_MAX = 1_048_576
const DATASETS_MAX = 20
/** What one writer wants. */
const BYTES = 100
const TEST_MS_MAX = 180_000

describeWithPostgres('writers that race through three nodes', (postgres) => {
  const served = servedSite(postgres)
  const { chance } = served
  let who: Somebody
  beforeAll(async () => {
    const { running } = served.site
    who = await aGuest(running, await aPool(running))
  })

  /** Through the balancer, or straight to a node. */
  const somewhere = (): WireDevice => deviceAt(chance.oneOf([served.site.running, ...served.site.nodes]), who)

  /** A new record, written by one who knows everything up to a count; null where there was no room for it. */
  const write = async (dataset: string, since: number, patch: ReturnType<typeof replace>) => {
    const device = somewhere()
    const { SyncSessionToken } = await device.list(dataset, { lastSyncCount: since })
    const answer = await device.updateRaw(dataset, SyncSessionToken, [patch])
    if (answer.status === 200) return (answer.json() as { Records: WireRecord[] }).Records[0]!
    expect(errorOf(answer).type).toBe('LimitExceededException')
    return null
  }

  test(
    `[NO7] [L9] ${WRITERS} writers racing for the last bytes of a dataset take exactly those, time after time, seed ${RUN_SEED}`,
    async () => {
      const room = WRITERS * BYTES
      const [first] = await somewhere().write('full', replace('rest', 'x'.repeat(BYTES_MAX - room - 'rest'.length)))
      let since = first!.SyncCount
      let races = 0
      for (const until = performance.now() + RACES_MS; performance.now() < until || races < RACES_MIN; races++) {
        const fitting = chance.from(1, WRITERS - 2)
        // What nobody of the race is to have is taken before it.
        const held = `held-${races}`
        const taken = room - fitting * BYTES - chance.from(0, BYTES - 1)
        const [filler] = await somewhere().update(
          'full',
          (await somewhere().list('full', { lastSyncCount: since })).SyncSessionToken,
          [replace(held, 'x'.repeat(taken - held.length))],
        )
        since = filler!.SyncCount
        const named = (n: number) => `race-${races}-${n}`.padEnd(20, '.')
        const writers = Array.from({ length: WRITERS }, (_, n) =>
          write('full', since, replace(named(n), 'x'.repeat(BYTES - 20))),
        )
        const through = (await Promise.all(writers)).filter((record) => record !== null)
        expect([races, through.length]).toEqual([races, fitting])
        const counts = through.map(({ SyncCount }) => SyncCount).sort((a, b) => a - b)
        expect(counts).toEqual(through.map((_, n) => since + n + 1))
        expect((await somewhere().usage()).DataStorage).toBe(BYTES_MAX - room + taken + fitting * BYTES)
        const device = somewhere()
        const { SyncSessionToken, DatasetSyncCount } = await device.list('full', { lastSyncCount: counts.at(-1)! })
        expect(DatasetSyncCount).toBe(counts.at(-1))
        const gone = [filler!, ...through].map(({ Key, SyncCount }) => remove(Key, SyncCount))
        since = (await device.update('full', SyncSessionToken, gone))[0]!.SyncCount
      }
      console.info(`${races} races of ${WRITERS} writers for bytes`)
    },
    TEST_MS_MAX,
  )

  test(
    `[NO7] [L9] ${WRITERS} writers racing for the last datasets of an identity make exactly those, time after time, seed ${RUN_SEED}`,
    async () => {
      const live = new Set(['full'])
      let races = 0
      let tried = 0
      for (const until = performance.now() + RACES_MS; performance.now() < until || races < RACES_MIN; races++) {
        const places = DATASETS_MAX - live.size
        const names = Array.from({ length: WRITERS }, () => `made-${tried++}`)
        const made = await Promise.all(
          names.map(async (name) => ((await write(name, 0, replace('k', 'v'))) === null ? null : name)),
        )
        const through = made.filter((name) => name !== null)
        expect([races, through.length]).toEqual([races, places])
        expect((await somewhere().usage()).DatasetCount).toBe(DATASETS_MAX)
        for (const name of through) live.add(name)
        const leaving = [...live].filter((name) => name !== 'full').slice(0, chance.from(1, 6))
        await Promise.all(leaving.map(async (name) => okOf(await somewhere().deleteRaw(name))))
        for (const name of leaving) live.delete(name)
      }
      expect((await somewhere().datasets()).map(({ DatasetName }) => DatasetName).sort()).toEqual([...live].sort())
      console.info(`${races} races of ${WRITERS} writers for datasets`)
      expect(served.site.defects()).toEqual([])
    },
    TEST_MS_MAX,
  )
})
