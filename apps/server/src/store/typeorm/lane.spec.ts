import 'reflect-metadata'
import Database from 'better-sqlite3'
import { join } from 'node:path'
import type { IdentityPoolId } from '@satchel/protocol'
import { sqliteHarness } from '../testing/sqlite-harness.js'

type Harness = Awaited<ReturnType<typeof sqliteHarness>>

describe('the lane', () => {
  let harness: Harness
  beforeEach(async () => (harness = await sqliteHarness()))
  afterEach(() => harness.close())

  const poolIds = async () =>
    (
      (await harness.database.reads.query('SELECT pool_id AS id FROM identity_pool ORDER BY pool_id')) as {
        id: string
      }[]
    ).map(({ id }) => id)
  const insert = (id: string) => `INSERT INTO identity_pool VALUES ('${id}', 'p', '{}', '{}', '{}', 0, 0, NULL)`

  test('[W5] a transaction that fails takes none of its overlapping neighbours with it', async () => {
    const settled = await Promise.allSettled([
      harness.database.lane.transaction((runner) => runner.query(insert('a'))),
      harness.database.lane.transaction(async (runner) => {
        await runner.query(insert('b'))
        await new Promise(setImmediate)
        throw new Error('no')
      }),
      harness.database.lane.transaction((runner) => runner.query(insert('c'))),
    ])
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await poolIds()).toEqual(['a', 'c'])
  })

  test('[W5] work on the lane runs one after the other, in order', async () => {
    const order: string[] = []
    await Promise.all(
      ['a', 'b', 'c'].map((id) =>
        harness.database.lane.transaction(async (runner) => {
          order.push(`${id} begins`)
          await new Promise(setImmediate)
          await runner.query(insert(id))
          order.push(`${id} ends`)
        }),
      ),
    )
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })

  test('[W5] a turn that could not begin, as another process was writing for too long, takes none of those behind it with it', async () => {
    const { lane } = harness.database
    await lane.transaction((runner) => runner.query('PRAGMA busy_timeout = 1'))
    const other = new Database(join(harness.directory, 'satchel.db'))
    other.exec('BEGIN IMMEDIATE')
    await expect(lane.transaction((runner) => runner.query(insert('a')))).rejects.toThrow('database is locked')
    other.close()
    await lane.transaction((runner) => runner.query(insert('b')))
    await harness.addPool('c' as IdentityPoolId)
    expect(await poolIds()).toEqual(['b', 'c'])
  })

  test('[W5] whoever failed is told why where SQLite has ended the transaction itself, as on a full disk', async () => {
    const { lane } = harness.database
    const failing = lane.transaction(async (runner) => {
      await runner.query(insert('a'))
      await runner.query('ROLLBACK') // what SQLite does by itself then
      throw new Error('database or disk is full')
    })
    await expect(failing).rejects.toThrow('database or disk is full')
    await lane.transaction((runner) => runner.query(insert('b')))
    expect(await poolIds()).toEqual(['b'])
  })

  test('[W6] a reader never sees what is not committed', async () => {
    let inside!: () => void
    const written = new Promise<void>((resolve) => (inside = resolve))
    let finish!: () => void
    const finishing = new Promise<void>((resolve) => (finish = resolve))
    const work = harness.database.lane.transaction(async (runner) => {
      await runner.query(insert('a'))
      inside()
      await finishing
    })
    await written
    expect(await poolIds()).toEqual([])
    finish()
    await work
    expect(await poolIds()).toEqual(['a'])
  })

  test('[W6] the read connection refuses to write', async () => {
    await expect(harness.database.reads.query(insert('x'))).rejects.toThrow('readonly')
  })

  test('[W9] commits are durable: WAL with synchronous FULL', async () => {
    const pragmas = await harness.database.lane.transaction(async (runner) => [
      (await runner.query('PRAGMA journal_mode')) as unknown,
      (await runner.query('PRAGMA synchronous')) as unknown,
    ])
    expect(pragmas).toEqual([[{ journal_mode: 'wal' }], [{ synchronous: 2 }]])
  })

  test('[W8] a closed lane finishes what it took and takes no more', async () => {
    const last = harness.database.lane.transaction((runner) => runner.query(insert('last')))
    await harness.database.lane.close()
    await last
    await expect(harness.database.lane.transaction((runner) => runner.query(insert('late')))).rejects.toThrow('closed')
    expect(await poolIds()).toEqual(['last'])
  })
})
