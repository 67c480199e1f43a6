import type { Batch } from '@satchel/protocol'
import { path, remove, replace } from '../domain/testing/a-dataset.js'
import { ANSWER_BOUNDS } from './answer-room.js'
import { asking, at, named, pairs, TABLET, type ExchangeWorld } from './testing/exchange-world.js'
import { overEachStore } from './testing/over-each-store.js'

const DAY = 86_400_000

overEachStore((setUp) => {
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
})
