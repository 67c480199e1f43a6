import 'reflect-metadata'
import { AWS_LIMITS, type IdentityId } from '@satchel/protocol'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import { Seeded } from '../../../../../../test/support/seeded.js'
import { IDENTITY, OTHER_IDENTITY, OTHER_POOL, path, POOL, remove, replace } from '../../../domain/testing/a-dataset.js'
import { freshDatabase, openDatabase } from '../../testing/postgres-databases.js'
import { nodeOn } from '../../testing/postgres-stores.js'
import { aTarget, STREAMS, StreamHarness } from '../../testing/stream-harness.js'
import { told } from '../../testing/told.js'
import { openSqliteStores } from '../open-sqlite-stores.js'
import { aSiteToCopy } from '../testing/a-site-to-copy.js'
import { COPIED_TABLES } from './copied-table.js'

const UNFINISHED =
  /holds a copy of a site that is not finished; stop the server that it is made from, .* call npx satchel copy again/
/** The order of code points is another than that of UTF-16 between the first two. */
const KEYS = ['\u{1F600}', '\uFF61', 'a', 'b', 'é', '']
const RECORDS = 2_500
/** The record of the deleted dataset, three rows of the deleted identity, and what was published. */
const REMOVED = 5

describeWithPostgres('a site copied into PostgreSQL more than once', (postgres) => {
  const { directory, file, copy } = aSiteToCopy()

  const aRunningSite = async () => {
    const site = await StreamHarness.over(await openSqliteStores(file(), STREAMS))
    await site.setTarget(aTarget({ payloadBytesMax: 2_000 }))
    await site.commit([site.update(KEYS.map((key) => replace(`k${key}`, 'first')))])
    await site.commit([site.update([replace('doomed', '1')], path('old'))])
    await site.commit([site.update([replace('big', 'x'.repeat(5_000))], path('linked'))])
    await site.addIdentity(SECOND)
    await site.commit([site.update([replace('theirs', '1')], path('settings', SECOND))])
    for (let from = 0; from < RECORDS; from += 500) {
      const batch = Array.from({ length: 500 }, (_, index) => replace(`many ${from + index}`, 'as it is'))
      await site.commit([site.update(batch, path(`large${from}`, OTHER_IDENTITY, OTHER_POOL))])
    }
    return site
  }
  /** Changes of every kind: of rows that were there, new ones, and ones that are gone. */
  const goOn = async (site: StreamHarness) => {
    const { stores } = site
    await site.commit([
      site.update([remove('k\u{1F600}', 1), replace('k\uFF61', 'second', 1), replace('k\u{1F601}', 'new')]),
    ])
    await site.commit([{ kind: 'delete', path: path('old'), at: 9, by: 'me' }])
    await site.commit([site.update([replace('n', '1')], path('new'))])
    const [first] = await site.rows()
    const now = Date.now()
    const [lease] = await stores.leases.take({ names: ['shard-x'], holder: 'me', now, until: now + 60_000 })
    await stores.outbox.markPublished({ shard: first!.shard, lease: lease!, seqs: [first!.seq], now })
    await stores.outbox.park({ streamName: 'other', reason: 'gone', at: 1 })
    await stores.identities.delete([SECOND], 11)
    await stores.datasets.purge(1_000)
    await stores.pools.update(OTHER_POOL, (held) => ({
      ...held,
      settings: { ...held.settings, name: 'anew' },
      modifiedAt: 12,
    }))
    await stores.datasets.addSyncSessions(new Map([[POOL, 3]]))
    await stores.bulkPublishes.begin({ pool: POOL, at: 5, unlessCompletedAfter: 0 })
    await stores.datasets.beginEpoch(78)
  }
  /** Everything that servers count on from, beside the tables. */
  const counters = (url: string) =>
    postgres().ask('SELECT last_value, is_called, epoch_base FROM outbox_seq, history', new URL(url).pathname.slice(1))
  /** Where each row lies, which any write of it alters. */
  const places = async (url: string) => {
    const placed = COPIED_TABLES.map(({ name }) => `SELECT '${name}' AS t, ctid::text, xmin::text FROM ${name}`)
    const name = new URL(url).pathname.slice(1)
    return [
      await postgres().ask(`${placed.join(' UNION ALL ')} ORDER BY 1, 2, 3`, name),
      await postgres().ask('SELECT xmin::text, * FROM migration ORDER BY id', name),
      await counters(url),
    ]
  }
  const sumsOf = ({ sums }: Awaited<ReturnType<typeof copy>>) => [...sums].map(([table, sum]) => [table, String(sum)])

  test.each([null, 4])(
    '[X30] [X32] [X33] a copy beside a running site is caught up with, and is then what one copy of the stopped site is, in %s parts',
    async (partitions) => {
      const site = await aRunningSite()
      const url = await postgres().createDatabase()
      const meanwhile: Promise<unknown>[] = []
      const first = await copy(
        url,
        ({ step }) => {
          if (step === 'copied' && meanwhile.length === 0) meanwhile.push(site.write(3, path('meanwhile')))
        },
        partitions,
      )
      await Promise.all(meanwhile)
      expect(first).toMatchObject({ kind: 'provisional', removed: 0 })
      expect(first.sums.get('record')!.rows).toBe(RECORDS + KEYS.length + 3)
      await expect(openDatabase(url)).rejects.toThrow(UNFINISHED)
      await goOn(site)
      const between = await copy(url)
      expect(between.removed).toBeGreaterThanOrEqual(REMOVED)
      await expect(openDatabase(url)).rejects.toThrow(UNFINISHED)
      await expect(copy(url, undefined, 8)).rejects.toThrow(/is 8, and the tables of this database were made with/)
      await site.write(2, path('meanwhile'), 3)
      const before = await told(site.stores)
      await site.close()

      const second = await copy(url, undefined, partitions)
      console.info(`rows written: ${[first, between, second].map(({ written }) => written).join(', ')}`)
      expect(second.kind).toBe('finished')
      expect(between.written).toBeLessThan(first.written / 20)
      expect(second.written).toBeLessThan(first.written / 20)
      const direct = await postgres().createDatabase()
      expect(sumsOf(second)).toEqual(sumsOf(await copy(direct)))
      expect(await counters(url)).toEqual(await counters(direct))
      const moved = await nodeOn(url)
      expect(await told(moved)).toEqual(before)
      await moved.close()
    },
  )

  test('[X33] what is begun beside one site and stopped at any step goes on, and no server starts on it until it is done', async () => {
    const site = await aRunningSite()
    const url = await postgres().createDatabase()
    /** Each call comes a few steps further. */
    const inSteps = async () => {
      for (let steps = 0; ; steps += 4) {
        let left = steps
        const copied = await copy(url, () => {
          if (left-- === 0) throw new Error('the power went')
        }).catch((fault: unknown) => fault as Error)
        if (!(copied instanceof Error)) return copied
        expect(copied.message).toBe('the power went')
        await expect(openDatabase(url)).rejects.toThrow(UNFINISHED)
      }
    }
    expect((await inSteps()).kind).toBe('provisional')
    await goOn(site)
    const before = await told(site.stores)
    await site.close()
    expect((await inSteps()).kind).toBe('finished')
    const moved = await nodeOn(url)
    expect(await told(moved)).toEqual(before)
    await moved.close()
  })

  test('[X33] whatever changes between two copies, the second brings just that', async () => {
    const seed = Date.now() % 1_000_000
    console.info(`seed ${seed}`)
    const random = new Seeded(seed)
    const site = await aRunningSite()
    const url = await freshDatabase(postgres())
    /** Counts of the records that live, and keys that were never written. */
    const living = new Map(KEYS.map((key) => [`k${key}`, 1]))
    let fresh = 0
    let count = 1
    await copy(url)
    for (let round = 0; round < 4; round++) {
      const changed = new Map<string, 'write' | 'remove'>()
      for (let edit = random.from(0, 300); edit > 0; edit--) {
        const known = random.from(0, 1) === 1 && living.size > 0
        const key = known ? random.oneOf([...living.keys()]) : `k${random.oneOf(KEYS)}${fresh++}`
        changed.set(key, known && random.from(0, 2) === 0 ? 'remove' : 'write')
      }
      const batch = [...changed].map(([key, how]) =>
        how === 'remove' ? remove(key, living.get(key)!) : replace(key, `${round}`, living.get(key)),
      )
      if (batch.length > 0) await site.commit([site.update(batch)])
      count += Math.sign(batch.length)
      for (const [key, how] of changed) {
        if (how === 'remove') living.delete(key)
        else living.set(key, count)
      }
      const collected = await site.stores.datasets.collectTombstones({ before: 1e15, limit: random.from(1, 100) })
      const { kind, written, removed } = await copy(url)
      expect(kind).toBe('provisional')
      // Beside the records, rows of the dataset, its usage, its marker and the outbox.
      expect(written).toBeLessThanOrEqual(changed.size + 10)
      expect(removed).toBeLessThanOrEqual(collected)
    }
    await site.close()
    expect((await copy(url)).kind).toBe('finished')
  })

  test('[X31] [X34] no server starts in the directory meanwhile; once it is finished, copying again compares and writes nothing', async () => {
    await (await aRunningSite()).close()
    const url = await freshDatabase(postgres())
    const starts: Promise<unknown>[] = []
    await copy(url, () => starts.push(openSqliteStores(file()).catch((fault: unknown) => fault)))
    for (const started of await Promise.all(starts)) {
      expect(started).toMatchObject({
        message: `the data directory ${directory()} is in use by another Satchel process`,
      })
    }
    const before = await places(url)
    expect(await copy(url)).toMatchObject({ kind: 'unchanged', written: 0, removed: 0 })
    expect(await places(url)).toEqual(before)
    await (await openDatabase(url)).close()
  })

  test('[X34] a finished copy that either side has gone on from, or somebody else’s database, is not touched', async () => {
    await (await aRunningSite()).close()
    const url = await freshDatabase(postgres())
    await copy(url)
    const refused = async (sentence: RegExp) => {
      const before = await places(url)
      await expect(copy(url)).rejects.toThrow(sentence)
      expect(await places(url)).toEqual(before)
    }
    const moved = await nodeOn(url)
    const next = {
      kind: 'update' as const,
      path: path('elsewhere'),
      batch: [replace('a', '1')],
      origin: { id: 'next', number: 0, hash: 'h' },
      device: null,
      at: 1,
      by: 'x',
    }
    await moved.datasets.commit([next], AWS_LIMITS)
    await moved.close()
    await refused(/is not empty, and is not what a copy of .*satchel.db would be: .*Nothing was touched/)
    const running = await openSqliteStores(file(), STREAMS)
    await refused(/is not empty, and holds no copy that waits for more, while a server runs .*Nothing was touched/)
    await running.close()
  })

  test('[X33] what an older version has begun to copy is copied anew', async () => {
    const site = await aRunningSite()
    const url = await freshDatabase(postgres())
    await copy(url)
    await site.close()
    await postgres().ask(
      `DELETE FROM migration WHERE name = 'SigningKeyTimes1750000000002';
       ALTER TABLE signing_key DROP COLUMN signs_from, DROP COLUMN closed_under, DROP COLUMN closed_at`,
      new URL(url).pathname.slice(1),
    )
    const anew = await copy(url)
    expect(anew.kind).toBe('finished')
    expect(anew.written).toBeGreaterThan(RECORDS)
    await (await openDatabase(url)).close()
  })

  test('[X33] two copies into one database at once: the second is refused', async () => {
    const site = await aRunningSite()
    const url = await postgres().createDatabase()
    const second: Promise<unknown>[] = []
    await copy(url, () => {
      if (second.length === 0) second.push(copy(url).catch((fault: unknown) => fault))
    })
    expect(await second[0]).toMatchObject({
      message: expect.stringMatching(/^another copy is being made into/) as string,
    })
    await site.close()
  })
})

const SECOND = IDENTITY.replace(/.$/, 'f') as IdentityId
