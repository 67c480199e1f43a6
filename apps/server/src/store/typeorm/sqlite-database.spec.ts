import 'reflect-metadata'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { NO_SYNC_SETTINGS } from '../../domain/sync-settings.js'
import { IDENTITY, path, POOL } from '../../domain/testing/a-dataset.js'
import { DeviceMarkers1750000000003 } from './migrations/1750000000003-device-markers.js'
import { Outbox1750000000005 } from './migrations/1750000000005-outbox.js'
import { SqliteDatabase } from './sqlite-database.js'
import { SqliteDatasetStore } from './sqlite-dataset-store.js'
import { SqlitePoolStore } from './sqlite-pool-store.js'

describe('the database file', () => {
  let directory: string
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'satchel-db-'))))
  afterEach(() => rmSync(directory, { recursive: true }))
  const file = () => join(directory, 'satchel.db')

  test('[W10] a second process on one directory is refused with a sentence; after the first has gone it may', async () => {
    const first = await SqliteDatabase.open(file())
    await expect(SqliteDatabase.open(file())).rejects.toThrow(/data directory .* is in use by another Satchel process/)
    await first.close()
    await (await SqliteDatabase.open(file())).close()
  })

  test('[W11] a database of a newer version is refused by name, and nothing is touched', async () => {
    await (await SqliteDatabase.open(file())).close()
    const raw = new Database(file())
    raw.exec(`INSERT INTO migration (timestamp, name) VALUES (9999999999999, 'FromTheFuture9999999999999')`)
    raw.close()
    await expect(SqliteDatabase.open(file())).rejects.toThrow(/newer version of Satchel.*FromTheFuture9999999999999/)
    // The directory is free again for the newer version.
    await expect(SqliteDatabase.open(file())).rejects.toThrow(/newer version/)
  })

  test('[W11] migrations are transactional: one that fails leaves the database as it was', async () => {
    const raw = new Database(file())
    raw.exec('CREATE TABLE batch_marker (in_the_way TEXT)')
    raw.close()
    await expect(SqliteDatabase.open(file())).rejects.toThrow(/batch_marker/)
    const after = new Database(file())
    const tables = after.prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'record'`).all()
    after.close()
    expect(tables).toEqual([])
  })

  test('[W11] opening a database of this version again runs no migration', async () => {
    await (await SqliteDatabase.open(file())).close()
    const again = await SqliteDatabase.open(file())
    const ran = (await again.reads.query('SELECT count(*) AS count FROM migration')) as { count: number }[]
    await again.close()
    await (await SqliteDatabase.open(file())).close()
    const raw = new Database(file(), { readonly: true })
    expect(raw.prepare('SELECT count(*) AS count FROM migration').get()).toEqual(ran[0])
    raw.close()
  })

  test('[W11] a database from before devices had markers is brought up to date, and knows the sessions it knew', async () => {
    const before = await SqliteDatabase.open(file())
    await before.lane.transaction(async (runner) => {
      await new DeviceMarkers1750000000003().down(runner)
      await runner.query(`DELETE FROM migration WHERE name = 'DeviceMarkers1750000000003'`)
      await runner.query(`INSERT INTO batch_marker VALUES ('session', 'i', 'd', 'hash', 3, 1000, 'me')`)
    })
    await before.close()
    const after = await SqliteDatabase.open(file())
    expect(await after.reads.query('SELECT marker_id AS id, batch_number AS number FROM batch_marker')).toEqual([
      { id: 'session', number: 0 },
    ])
    await after.close()
  })

  test('[V2] a database from before changes were streamed is brought up to date: nothing streams, and its settings are read', async () => {
    const before = await SqliteDatabase.open(file())
    const old = { streamName: 's', roleArn: 'arn:r', streamingStatus: 'ENABLED' }
    await before.lane.transaction(async (runner) => {
      await new Outbox1750000000005().down(runner)
      await runner.query(`DELETE FROM migration WHERE name = 'Outbox1750000000005'`)
      await runner.query(`INSERT INTO identity_pool VALUES (?, 'pool', '{}', '{}', ?, 0, 0)`, [
        POOL,
        JSON.stringify({ cognitoStreams: old }),
      ])
      await runner.query('INSERT INTO identity VALUES (?, ?, 0, 0, NULL)', [IDENTITY, POOL])
      await runner.query(`INSERT INTO dataset VALUES (?, 'settings', 1, 7, 0, 0, 1, 0, 0, 0, 0, 'me')`, [IDENTITY])
    })
    await before.close()
    const after = await SqliteDatabase.open(file())
    expect(await new SqliteDatasetStore(after).read(path())).toMatchObject({
      syncCount: 7,
      streamedThrough: 0,
      streamBegun: 0,
    })
    const pools = new SqlitePoolStore(after)
    expect(await pools.streaming()).toEqual([])
    expect(await pools.syncSettings(POOL)).toEqual({
      ...NO_SYNC_SETTINGS,
      cognitoStreams: { ...old, disabledReason: null, target: null },
    })
    await after.close()
  })
})
