import { AWS_LIMITS, type Batch, type IdentityId } from '@satchel/protocol'
import { path, POOL, replace } from '../domain/testing/a-dataset.js'
import { memoryHarness } from '../store/testing/memory-harness.js'
import { asking, at, exchangeWorld, named, PHONE, TABLET } from './testing/exchange-world.js'
import { overEachStore } from './testing/over-each-store.js'

overEachStore((setUp) => {
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
