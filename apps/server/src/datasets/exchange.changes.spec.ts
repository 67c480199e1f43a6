import { remove, replace } from '../domain/testing/a-dataset.js'
import { asking, at, named, pairs, PHONE, TABLET } from './testing/exchange-world.js'
import { overEachStore } from './testing/over-each-store.js'

overEachStore((setUp) => {
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
})
