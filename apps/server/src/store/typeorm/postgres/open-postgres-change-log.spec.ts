import 'reflect-metadata'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import { POOL, replace } from '../../../domain/testing/a-dataset.js'
import { SystemClock } from '../../../runtime/clock.js'
import { SystemRandom } from '../../../runtime/random.js'
import { freshDatabase } from '../../testing/postgres-databases.js'
import { nodeOn } from '../../testing/postgres-stores.js'
import { aTarget, StreamHarness } from '../../testing/stream-harness.js'
import { openPostgresChangeLog } from './open-postgres-change-log.js'

const open = (url: string) => openPostgresChangeLog({ url, clock: new SystemClock(), random: new SystemRandom() })

describeWithPostgres('the change log of PostgreSQL read from outside', (postgres) => {
  test('[V19] it is read beside a server that goes on writing', async () => {
    const url = await freshDatabase(postgres())
    const server = await StreamHarness.over(await nodeOn(url))
    await server.setTarget(aTarget())
    await server.commit([server.update([replace('a', '1')])])
    const log = await open(url)
    expect(await log.changeLog.rows({ after: 0, limit: 9 })).toEqual(await server.rows())
    await server.commit([server.update([replace('a', '2', 1)])])
    expect(await log.changeLog.rows({ after: 1, limit: 9 })).toMatchObject([{ syncCount: 2 }])
    expect(await log.pools.streaming()).toEqual([{ pool: POOL, streamName: 'changes' }])
    await log.close()
    await server.close()
  })

  test('[V19] a database without tables, or of another version, is refused with a sentence and left as it is', async () => {
    const empty = await postgres().createDatabase()
    await expect(open(empty)).rejects.toThrow(/127\.0\.0\.1:\d+\/test_\d+ was written by an older version of Satchel/)
    const name = new URL(empty).pathname.slice(1)
    expect(await postgres().ask("SELECT to_regclass('migration') AS found", name)).toEqual([{ found: null }])
    const url = await freshDatabase(postgres())
    const insert = "INSERT INTO migration (timestamp, name) VALUES (9, 'FromTheFuture9')"
    await postgres().ask(insert, new URL(url).pathname.slice(1))
    await expect(open(url)).rejects.toThrow(/newer version of Satchel.*FromTheFuture9/)
  })
})
