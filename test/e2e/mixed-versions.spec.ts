import 'reflect-metadata'
import { SystemClock } from '../../apps/server/src/runtime/clock.js'
import { SystemRandom } from '../../apps/server/src/runtime/random.js'
import { afterNextPostgres, nextPostgres } from '../../apps/server/src/store/typeorm/testing/next-release.js'
import { migrate } from '../../apps/server/src/store/typeorm/postgres/migrate.js'
import type { Release } from '../../apps/server/src/store/typeorm/release.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { servedSite } from '../support/nodes/served-site.js'
import { MASTER_KEY } from '../support/nodes/site.js'
import { runSatchel } from '../support/run-satchel.js'
import { RUN_SEED } from '../support/seeded.js'

const TEST_MS_MAX = 240_000

/** What a first node of another version does with the tables. */
const bring = (url: string, release: Release): Promise<void> =>
  migrate({ url, partitions: null, release, clock: new SystemClock(), random: new SystemRandom() })

describeWithPostgres('a site whose database the next version has brought up to date', (postgres) => {
  const served = servedSite(postgres)

  test(
    `[MV1] nodes of this version go on with it under load, and come back to it after SIGKILL, seed ${RUN_SEED}`,
    async () => {
      const url = served.databaseUrl
      const { site, load } = await served.underLoad()
      const written = () => load.aws.seen.updates
      const before = written()
      await bring(url, nextPostgres())
      for (const place of [0, 1]) {
        await site.kill(place)
        const again = await site.restart(place)
        expect(again.process.output).toContain(
          'written by a newer version of Satchel, 0.2.0, and may be used by 0.1.0 and newer; this is 0.1.0',
        )
      }
      expect(await load.faults()).toEqual([])
      expect(written()).toBeGreaterThan(before + 20)

      // What this version needs is not taken away under its nodes, and once it was, none of them starts.
      await expect(bring(url, afterNextPostgres())).rejects.toThrow(/servers of version 0\.1\.0 are at work/)
      await Promise.all([0, 1, 2].map((place) => site.stop(place)))
      await bring(url, afterNextPostgres())
      await expect(site.restart(0)).rejects.toThrow(
        /newer version of Satchel, 0\.3\.0, and may be used by 0\.2\.0 and newer; this is 0\.1\.0/,
      )
    },
    TEST_MS_MAX,
  )

  test('[MV3] npx satchel migrate makes the tables, and says when another one is at it', async () => {
    const url = await postgres().createDatabase()
    const env = { SATCHEL_DATABASE_URL: url, SATCHEL_MASTER_KEY: MASTER_KEY }
    const [one, other] = await Promise.all([runSatchel(['migrate'], env), runSatchel(['migrate'], env)])
    const { host, pathname } = new URL(url)
    const done = [0, `The database ${host}${pathname} can be used by Satchel 0.1.0.\n`]
    expect([one, other].map(({ code, stdout }) => [code, stdout])).toEqual([done, done])
    await bring(url, nextPostgres())
    const after = await runSatchel(['migrate'], env)
    expect([after.code, after.stderr]).toEqual([0, expect.stringContaining('newer version of Satchel, 0.2.0')])
    await bring(url, afterNextPostgres())
    const refused = await runSatchel(['migrate'], env)
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('may be used by 0.2.0 and newer')])
  })
})
