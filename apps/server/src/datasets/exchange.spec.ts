import 'reflect-metadata'
import { AWS_LIMITS, CHANGED_BYTES_MAX, type Batch, type DatasetName, type IdentityId } from '@satchel/protocol'
import { count, IDENTITY, path, POOL, remove, replace } from '../domain/testing/a-dataset.js'
import { memoryHarness } from '../store/testing/memory-harness.js'
import { sqliteHarness } from '../store/testing/sqlite-harness.js'
import type { StoreHarness } from '../store/testing/store-harness.js'
import { ANSWER_BOUNDS } from './answer-room.js'
import {
  asking,
  exchangeWorld,
  pairs,
  PHONE,
  TABLET,
  WHO,
  type ExchangeWorld,
  type WorldOptions,
} from './testing/exchange-world.js'

const named = (name: string) => ({ dataset: name as DatasetName })
const at = (epoch: number, since: number) => ({ epoch, since: count(since) })
const DAY = 86_400_000

describe.each([
  ['memory', () => Promise.resolve(memoryHarness())],
  ['SQLite', (): Promise<StoreHarness> => sqliteHarness()],
])('an exchange over %s', (_, open) => {
  const worlds: ExchangeWorld[] = []
  const setUp = async (options: WorldOptions = {}) => {
    const world = await exchangeWorld(await open(), options)
    worlds.push(world)
    return world
  }
  afterEach(async () => {
    for (const { harness } of worlds.splice(0)) await harness.close()
  })

  describe('batches', () => {
    test('[NA1] a batch sent again gets its first answer, also after others wrote, and is applied once', async () => {
      const { push, ask, clock } = await setUp()
      const first = await push(1, [replace('a', '1')])
      expect(first.batch).toEqual({ outcome: 'accepted', syncCount: 1, at: clock.now(), by: PHONE })
      clock.advance(5_000)
      await push(1, [replace('a', '2', 1)], {}, TABLET)
      const again = await push(1, [replace('a', '1')])
      expect(again.batch).toEqual(first.batch)
      expect(again.changes).toMatchObject({ through: 2, records: [{ key: 'a', value: '2', syncCount: 2 }] })
      expect((await ask()).changes).toMatchObject({ through: 2 })
    })

    test('[NA1] one batch in two messages at once is applied once, and both get the same answer', async () => {
      const { push, harness } = await setUp()
      const answers = await Promise.all([push(1, [replace('a', '1')]), push(1, [replace('a', '1')])])
      expect(answers.map(({ batch }) => batch)).toEqual([answers[0].batch, answers[0].batch])
      expect(await harness.store.read(path())).toMatchObject({ syncCount: 1 })
    })

    test('[NA2] a number that was given to other patches, or lies below a later one, is used; nothing is applied', async () => {
      const { push, harness } = await setUp()
      await push(7, [replace('a', '1')])
      expect((await push(7, [replace('a', 'other')])).batch).toEqual({ outcome: 'number-used', last: 7 })
      expect((await push(6, [replace('b', '1')])).batch).toEqual({ outcome: 'number-used', last: 7 })
      expect(await harness.store.read(path())).toMatchObject({ syncCount: 1, recordCount: 1 })
    })

    test('[NA2] numbers are a device’s own, in each dataset: another device’s and another dataset’s are not used', async () => {
      const { push } = await setUp()
      await push(7, [replace('a', '1')])
      expect((await push(7, [replace('b', '1')], {}, TABLET)).batch).toMatchObject({ outcome: 'accepted' })
      expect((await push(3, [replace('a', '1')], named('other'))).batch).toMatchObject({ outcome: 'accepted' })
    })

    test('[NA3] numbers may be left out, and a batch that was not accepted leaves its number free', async () => {
      const { push } = await setUp()
      await push(1, [replace('a', '1')])
      expect((await push(40, [replace('a', '2', 9)])).batch).toEqual({
        outcome: 'conflict',
        key: 'a',
        held: 1,
        base: 9,
      })
      expect((await push(40, [replace('a', '2', 1)])).batch).toMatchObject({ outcome: 'accepted', syncCount: 2 })
    })

    test('[NA5] the batches of a message are judged each for itself, and stored in one transaction', async () => {
      const { sync, groups } = await setUp()
      const batch = (patches: Batch) => ({ batch: { number: 1, patches } })
      const { datasets } = await sync([
        asking({ ...named('one'), ...batch([replace('a', '1')]) }),
        asking({ ...named('two'), ...batch([replace('a', '1', 5)]) }),
        asking(named('three')),
        asking({ ...named('four'), ...batch([replace('a', '1')]) }),
      ])
      expect(datasets.map(({ dataset, batch }) => [dataset, batch?.outcome])).toEqual([
        ['one', 'accepted'],
        ['two', 'conflict'],
        ['three', undefined],
        ['four', 'accepted'],
      ])
      expect(groups).toEqual([3])
    })

    test('[NA13] a batch that breaks a limit is refused alone, in the words of the AWS face', async () => {
      const { sync } = await setUp({ limits: { ...AWS_LIMITS, recordsPerDatasetMax: 1 } })
      const { datasets } = await sync([
        asking({ ...named('one'), batch: { number: 1, patches: [replace('a', '1'), replace('b', '1')] } }),
        asking({ ...named('two'), batch: { number: 1, patches: [replace('a', '1')] } }),
      ])
      expect(datasets[0]!.batch).toEqual({
        outcome: 'refused',
        code: 'LimitExceeded',
        message: 'The dataset would hold 2 records; the limit (recordsPerDatasetMax) is 1',
      })
      expect(datasets[1]!.batch).toMatchObject({ outcome: 'accepted' })
    })

    test('[NA13] an identity that may not write refuses the message', async () => {
      const { exchange } = await setUp()
      const who = { pool: POOL, identity: 'us-east-1:99' as IdentityId }
      const asked = asking({ batch: { number: 1, patches: [replace('a', '1')] } })
      const answer = exchange.sync(who, { device: PHONE, datasets: [asked] })
      await expect(answer).rejects.toMatchObject({ code: 'NotAuthorized' })
    })

    test('[NA14] a device and a sync session count and conflict with each other', async () => {
      const { push, awsUpdate, ask } = await setUp()
      await push(1, [replace('a', 'phone')])
      expect(await awsUpdate([replace('a', 'aws', 1)])).toMatchObject({ kind: 'accepted' })
      expect((await push(2, [replace('a', 'late', 1)])).batch).toMatchObject({ outcome: 'conflict', held: 2, base: 1 })
      expect((await ask(at(1, 1))).changes!.records).toMatchObject([{ key: 'a', value: 'aws', modifiedBy: 'aws' }])
    })
  })

  describe('changes', () => {
    test('[NA6] a dataset that never was brings nothing', async () => {
      const { ask } = await setUp()
      const nothing = { epoch: 0, exists: false, snapshot: false, through: 0, records: [], next: null }
      expect((await ask()).changes).toEqual(nothing)
    })

    test('[NA5] a device that had seen everything is told nothing beside its outcome, and nothing is read', async () => {
      const { push, reads } = await setUp()
      await push(1, [replace('a', '1')])
      reads.length = 0
      const { changes } = await push(2, [replace('a', '2', 1)], at(1, 1))
      expect(changes).toEqual({ epoch: 1, exists: true, snapshot: false, through: 2, records: [], next: null })
      expect(reads).toEqual([])
    })

    test('[NA5] twenty datasets without news cost one reading', async () => {
      const { push, sync, reads } = await setUp()
      const names = Array.from({ length: 20 }, (_, n) => `d${n}`)
      for (const name of names) await push(1, [replace('a', '1')], named(name))
      reads.length = 0
      const { datasets } = await sync(names.map((name) => asking({ ...named(name), ...at(1, 1) })))
      expect(datasets.map(({ changes }) => changes)).toEqual(
        names.map(() => ({ epoch: 1, exists: true, snapshot: false, through: 1, records: [], next: null })),
      )
      expect(reads).toEqual(['readSeveral'])
    })

    test('[NA6] a device that knows the epoch gets what has a greater count than its own, tombstones included', async () => {
      const { push, ask } = await setUp()
      await push(1, [replace('a', '1'), replace('b', '1')])
      await push(2, [replace('c', '1'), remove('b', 1)])
      const { changes } = await ask(at(1, 1), TABLET)
      expect(changes).toMatchObject({ epoch: 1, exists: true, snapshot: false, through: 2, next: null })
      expect(pairs(changes)).toEqual([
        ['b', null],
        ['c', '1'],
      ])
    })

    test('[NA10] of a delta, what the device’s own batch wrote is left out; what came between is not', async () => {
      const { push } = await setUp()
      await push(1, [replace('a', '1')])
      await push(1, [replace('b', 'tablet')], {}, TABLET)
      const { changes } = await push(2, [replace('a', '2', 1)], at(1, 1))
      expect(changes).toMatchObject({ snapshot: false, through: 3 })
      expect(pairs(changes)).toEqual([['b', 'tablet']])
    })

    test('[NA10] a snapshot is whole: the device’s own batch is in it', async () => {
      const { push } = await setUp()
      const { changes } = await push(1, [replace('b', '1'), replace('a', '1')])
      expect(changes).toMatchObject({ epoch: 1, exists: true, snapshot: true, through: 1, next: null })
      expect(new Set(changes!.records.map(({ modifiedBy }) => modifiedBy))).toEqual(new Set([PHONE]))
      expect(pairs(changes)).toEqual([
        ['a', '1'],
        ['b', '1'],
      ])
    })

    test.each([
      ['holds nothing', at(0, 0)],
      ['comes from another epoch', at(1, 3)],
      ['comes from before the deletion', at(1, 1)],
      ['is ahead of a server that was restored', at(2, 9)],
    ])('[NA6] a device that %s gets a snapshot', async (_, standing) => {
      const { push, awsDelete, ask } = await setUp()
      await push(1, [replace('old', '1')])
      await awsDelete()
      await push(2, [replace('new', '1')])
      const { changes } = await ask(standing, TABLET)
      expect(changes).toMatchObject({ epoch: 2, exists: true, snapshot: true, through: 3, next: null })
      expect(pairs(changes)).toEqual([['new', '1']])
    })

    test('[NA6] a device older than the collected tombstones gets a snapshot, one that saw them a delta', async () => {
      const { push, ask, harness, clock } = await setUp()
      await push(1, [replace('a', '1'), replace('b', '1')])
      await push(2, [remove('a', 1)])
      await push(3, [replace('c', '1')])
      expect(await harness.store.collectTombstones({ before: clock.now() + 1, limit: 10 })).toBe(1)
      const older = (await ask(at(1, 1), TABLET)).changes
      expect(older).toMatchObject({ snapshot: true, through: 3 })
      expect(pairs(older)).toEqual([
        ['b', '1'],
        ['c', '1'],
      ])
      const later = (await ask(at(1, 2), TABLET)).changes
      expect(later).toMatchObject({ snapshot: false })
      expect(pairs(later)).toEqual([['c', '1']])
    })

    test('[NA12] a deleted dataset is gone at the deletion’s count, for a device that is behind', async () => {
      const { push, awsDelete, ask } = await setUp()
      await push(1, [replace('a', '1')])
      await awsDelete()
      const gone = { epoch: 1, exists: false, snapshot: true, through: 2, records: [], next: null }
      expect((await ask(at(1, 1))).changes).toEqual(gone)
      expect((await ask()).changes).toEqual(gone)
      expect((await ask(at(1, 2))).changes).toEqual({ ...gone, snapshot: false })
    })

    test('[NA12] a dataset that a batch creates anew is a snapshot in a new epoch', async () => {
      const { push, awsDelete } = await setUp()
      await push(1, [replace('a', '1')])
      await awsDelete()
      const { batch, changes } = await push(2, [replace('a', '2')], at(1, 2))
      expect(batch).toMatchObject({ outcome: 'accepted', syncCount: 3 })
      expect(changes).toMatchObject({ epoch: 2, snapshot: true, through: 3, records: [{ key: 'a', value: '2' }] })
    })
  })

  describe('pages', () => {
    const small = { bounds: { ...ANSWER_BOUNDS, recordsPerPageMax: 2 } }
    const letters = (text: string, value = 'old', base = 0): Batch => [...text].map((it) => replace(it, value, base))

    test('[NA11] pages together are the dataset at one count, whatever is written between them behind the reader', async () => {
      const { push, ask } = await setUp(small)
      await push(1, letters('abcde'))
      const first = (await ask({}, TABLET)).changes!
      await push(2, [replace('a', 'new', 1), replace('added', 'new')])
      const second = (await ask({ page: first.next }, TABLET)).changes!
      const third = (await ask({ page: second.next }, TABLET)).changes!
      expect([first, second, third].map((it) => [it.snapshot, it.through, pairs(it)!.length])).toEqual([
        [true, 1, 2],
        [true, 1, 2],
        [true, 1, 1],
      ])
      expect([first, second, third].flatMap((it) => pairs(it))).toEqual([...'abcde'].map((it) => [it, 'old']))
      expect(third.next).toBeNull()
    })

    test('[NA11] when a record still to come is overwritten, the pages go on to the newer count, and the later of two is right', async () => {
      const { push, ask } = await setUp(small)
      await push(1, letters('abcd'))
      const first = (await ask({}, TABLET)).changes!
      await push(2, [replace('a', 'new', 1), remove('d', 1)])
      const seen = new Map(first.records.map(({ key, value }) => [key as string, value]))
      let page = first.next
      let through = 0
      while (page !== null) {
        const changes = (await ask({ page }, TABLET)).changes!
        for (const { key, value } of changes.records) seen.set(key, value)
        through = changes.through
        page = changes.next
      }
      expect(Object.fromEntries(seen)).toEqual({ a: 'new', b: 'old', c: 'old', d: null })
      expect(through).toBe(2)
    })

    test('[NA11] a delta has pages too', async () => {
      const { push, ask } = await setUp(small)
      await push(1, letters('a'))
      await push(2, letters('bcd'))
      const first = (await ask(at(1, 1), TABLET)).changes!
      const second = (await ask({ ...at(1, 1), page: first.next }, TABLET)).changes!
      expect([first, second].map((it) => [it.snapshot, pairs(it)])).toEqual([
        [false, letters('bc').map(({ key }) => [key, 'old'])],
        [false, letters('d').map(({ key }) => [key, 'old'])],
      ])
    })

    test.each([
      [
        'was made for another dataset',
        async ({ ask, push }: ExchangeWorld) => {
          await push(1, letters('abcd'), named('other'))
          return (await ask(named('other'))).changes!.next!
        },
      ],
      ['was made up', () => Promise.resolve('Amade-up')],
      [
        'belongs to a dataset deleted since',
        async ({ ask, awsDelete }: ExchangeWorld) => {
          const { next } = (await ask()).changes!
          await awsDelete()
          return next!
        },
      ],
      [
        'belongs to a dataset made anew since',
        async ({ ask, awsDelete, awsUpdate }: ExchangeWorld) => {
          const { next } = (await ask()).changes!
          await awsDelete()
          await awsUpdate(letters('abcdefgh'))
          return next!
        },
      ],
      [
        'has lost a tombstone that was still to come',
        async ({ ask, awsUpdate, harness, clock }: ExchangeWorld) => {
          await awsUpdate([remove('d', 1)])
          const { next } = (await ask()).changes!
          clock.advance(200 * DAY)
          await harness.store.collectTombstones({ before: clock.now(), limit: 10 })
          return next!
        },
      ],
    ])(
      '[NA11] a page that %s is refused as InvalidParameter, and nothing of its message is written',
      async (_, pageOf) => {
        const world = await setUp(small)
        await world.push(1, letters('abcd'))
        const page = await pageOf(world)
        const before = await world.harness.store.read(path('written'))
        const asked = [asking({ ...named('written'), batch: { number: 2, patches: letters('x') } }), asking({ page })]
        await expect(world.sync(asked)).rejects.toMatchObject({ code: 'InvalidParameter' })
        expect(await world.harness.store.read(path('written'))).toEqual(before)
      },
    )
  })

  describe('the bounds of an answer', () => {
    const kilobytes = (count: number): Batch =>
      Array.from({ length: count }, (_, n) => replace(`k${String(n).padStart(4, '0')}`, 'x'.repeat(1_024)))

    test('[NA7] a page holds at most 2,048 records, tombstones included', async () => {
      const { push, ask } = await setUp()
      const batch = (from: number) => Array.from({ length: 1_024 }, (_, n) => replace(`k${from + n}`, 'v'))
      await push(1, batch(0))
      await push(
        2,
        batch(0).map((_, n) => remove(`k${n}`, 1)),
      )
      await push(3, batch(1_024))
      await push(
        4,
        batch(1_024).map((_, n) => remove(`k${1_024 + n}`, 3)),
      )
      await push(5, batch(2_048))
      const first = (await ask({}, TABLET)).changes!
      const second = (await ask({ page: first.next }, TABLET)).changes!
      expect([first.records.length, second.records.length, second.next]).toEqual([2_048, 1_024, null])
    })

    test('[NA7] once an answer is full, batches are still judged, and changes are left for the next one', async () => {
      const { push, sync } = await setUp()
      const names = ['one', 'two', 'three', 'four']
      for (const name of names) await push(1, kilobytes(900), named(name))
      const asked = names.map((name) =>
        asking({ ...named(name), batch: { number: 1, patches: [replace('tablet', 'v')] } }),
      )
      const { datasets } = await sync(asked, TABLET)
      expect(datasets.map(({ batch }) => batch?.outcome)).toEqual(names.map(() => 'accepted'))
      const [one, two, three, four] = datasets.map(({ changes }) => changes)
      expect([one!.next, one!.records.length, two!.records.length, two!.next]).toEqual([null, 901, 901, null])
      expect(three!.next).not.toBeNull()
      expect(three!.records.length).toBeGreaterThan(0)
      expect(four).toBeNull()

      const rest = (await sync([asking({ ...named('three'), page: three!.next }), asking(named('four'))], TABLET))
        .datasets
      expect(three!.records.length + rest[0]!.changes!.records.length).toBe(901)
      expect(rest[1]!.changes).toMatchObject({ snapshot: true, next: null })
    })

    test('[NA7] a record larger than an answer goes alone', async () => {
      const { push, ask } = await setUp({ bounds: { recordsPerPageMax: 10, bytesMax: 100 } })
      await push(1, [replace('a', 'x'.repeat(500)), replace('b', 'x'.repeat(500))])
      const first = (await ask({}, TABLET)).changes!
      const second = (await ask({ page: first.next }, TABLET)).changes!
      expect([first, second].map((it) => it.records.map(({ key }) => key))).toEqual([['a'], ['b']])
    })
  })

  describe('what watchers hear', () => {
    test('[NA8] a commit is told with what it wrote, by either face, once it can be read', async () => {
      const { push, awsUpdate, listen, told, harness, feed } = await setUp()
      listen()
      const seen: Promise<number>[] = []
      feed.watch(IDENTITY, () => seen.push(harness.store.read(path()).then(({ syncCount }) => syncCount)))
      await push(1, [replace('a', '1')])
      await awsUpdate([replace('b', '1')])
      expect(told).toMatchObject([
        { identity: IDENTITY, device: PHONE, changed: { epoch: 1, base: 0, through: 1, records: [{ key: 'a' }] } },
        { identity: IDENTITY, device: null, changed: { epoch: 1, base: 1, through: 2, records: [{ key: 'b' }] } },
      ])
      expect((await Promise.all(seen)).map((syncCount, index) => syncCount >= index + 1)).toEqual([true, true])
    })

    test('[NA8] hints applied in a row are what a delta would have brought', async () => {
      const { push, listen, told, ask } = await setUp()
      listen()
      await push(1, [replace('a', '1'), replace('b', '1')])
      await push(2, [remove('a', 1)], at(1, 1))
      await push(3, [replace('b', '2', 1)], at(1, 2))
      const hints = told.map(({ changed }) => changed)
      expect(hints.map(({ base, through }) => [base, through])).toEqual([
        [0, 1],
        [1, 2],
        [2, 3],
      ])
      const { changes } = await ask(at(1, 1), TABLET)
      expect(hints.slice(1).flatMap(({ records }) => records)).toEqual(changes!.records)
    })

    test('[NA8] a large commit, and a deletion, are hinted at without records', async () => {
      const { push, awsDelete, listen, told } = await setUp()
      listen()
      await push(1, [replace('a', 'é'.repeat(CHANGED_BYTES_MAX / 2))])
      await push(2, [replace('a', 'x'.repeat(CHANGED_BYTES_MAX - 1), 1)])
      await awsDelete()
      expect(told.map(({ changed }) => [changed.base, changed.through, changed.records?.length])).toEqual([
        [0, 1, undefined],
        [1, 2, 1],
        [2, 3, undefined],
      ])
    })

    test('[NA8] what was not applied is not told', async () => {
      const { push, awsDelete, listen, told } = await setUp()
      await push(1, [replace('a', '1')])
      await push(2, [replace('a', '2', 1)])
      listen()
      await push(3, [replace('a', '3', 1)])
      await push(1, [replace('a', '1')])
      await awsDelete('other')
      expect(told).toEqual([])
    })

    test('[NA9] a watcher is told which datasets have moved on, in one reading', async () => {
      const { push, awsDelete, exchange, reads } = await setUp()
      for (const name of ['same', 'newer', 'deleted', 'epoch']) await push(1, [replace('a', '1')], named(name))
      await push(2, [replace('a', '2', 1)], named('newer'))
      await awsDelete('deleted')
      reads.length = 0
      const watched = (name: string, epoch: number, since: number) => ({ ...named(name), epoch, since: count(since) })
      const changed = await exchange.behind(WHO, {
        datasets: [
          watched('same', 1, 1),
          watched('newer', 1, 1),
          watched('never', 0, 0),
          watched('deleted', 1, 1),
          watched('epoch', 7, 1),
        ],
      })
      expect(changed).toEqual([
        { dataset: 'newer', epoch: 1, base: 1, through: 2, records: null },
        { dataset: 'deleted', epoch: 1, base: 1, through: 2, records: null },
        { dataset: 'epoch', epoch: 1, base: 1, through: 1, records: null },
      ])
      expect(reads).toEqual(['readSeveral'])
    })
  })
})

test('[NA13] a message with a batch that cannot be stored now is refused, and sending it again is safe', async () => {
  const world = await exchangeWorld(memoryHarness())
  const { harness, sync } = world
  const commit = harness.store.commit.bind(harness.store)
  // The store takes nothing for `broken`, however it is tried.
  harness.store.commit = (writes, limits) =>
    writes.some((write) => write.path.dataset === 'broken')
      ? Promise.reject(new Error('disk full'))
      : commit(writes, limits)
  const asked = ['one', 'broken'].map((name) =>
    asking({ ...named(name), batch: { number: 1, patches: [replace('a', '1')] } }),
  )
  await expect(sync(asked)).rejects.toMatchObject({ code: 'ServiceUnavailable', retryAfterSeconds: 1 })
  harness.store.commit = commit
  const { datasets } = await sync(asked)
  expect(datasets.map(({ batch }) => batch)).toMatchObject([
    { outcome: 'accepted', syncCount: 1 },
    { outcome: 'accepted', syncCount: 1 },
  ])
})
