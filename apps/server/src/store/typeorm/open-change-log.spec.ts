import 'reflect-metadata'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { path, POOL, replace } from '../../domain/testing/a-dataset.js'
import { aTarget, STREAMS, StreamHarness } from '../testing/stream-harness.js'
import { openChangeLog } from './open-change-log.js'
import { openSqliteStores } from './open-sqlite-stores.js'
import { SqliteDatabase } from './sqlite-database.js'

describe('the change log read from outside', () => {
  let directory: string
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'satchel-log-'))))
  afterEach(() => rmSync(directory, { recursive: true }))
  const file = () => join(directory, 'satchel.db')

  test('[V19] it is read beside a server that goes on writing, and after that has gone', async () => {
    const server = await StreamHarness.over(await openSqliteStores(file(), STREAMS))
    await server.setTarget(aTarget())
    await server.commit([server.update([replace('a', '1')])])
    const log = await openChangeLog(file())
    expect(await log.changeLog.rows({ after: 0, limit: 9 })).toEqual(await server.rows())
    await server.commit([server.update([replace('a', '2', 1)], path())])
    expect(await log.changeLog.rows({ after: 1, limit: 9 })).toMatchObject([{ syncCount: 2 }])
    expect(await log.pools.streaming()).toEqual([{ pool: POOL, streamName: 'changes' }])
    expect(await log.pools.syncSettings(POOL)).toMatchObject({ cognitoStreams: { target: aTarget() } })
    await log.close()
    await server.close()
    const later = await openChangeLog(file())
    expect(await later.changeLog.rows({ after: 0, limit: 9 })).toHaveLength(2)
    await later.close()
  })

  test('[V19] a database that is not there, or of another version, is refused with a sentence and left as it is', async () => {
    await expect(openChangeLog(file())).rejects.toThrow(`there is no database ${file()}`)
    await (await SqliteDatabase.open(file())).close()
    const raw = new Database(file())
    raw.exec(`DELETE FROM migration WHERE name = 'Outbox1750000000005'`)
    await expect(openChangeLog(file())).rejects.toThrow(/older version of Satchel.*Outbox1750000000005/)
    raw.exec(`INSERT INTO migration (timestamp, name) VALUES (9, 'FromTheFuture9')`)
    await expect(openChangeLog(file())).rejects.toThrow(/newer version of Satchel.*FromTheFuture9/)
    raw.exec('DROP TABLE migration')
    raw.close()
    await expect(openChangeLog(file())).rejects.toThrow(/older version of Satchel.*SyncStore1750000000001/)
  })
})
