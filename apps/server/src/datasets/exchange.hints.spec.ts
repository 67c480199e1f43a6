import { CHANGED_BYTES_MAX } from '@satchel/protocol'
import { count, IDENTITY, path, remove, replace } from '../domain/testing/a-dataset.js'
import { at, named, PHONE, TABLET, WHO } from './testing/exchange-world.js'
import { overEachStore } from './testing/over-each-store.js'

overEachStore((setUp) => {
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
