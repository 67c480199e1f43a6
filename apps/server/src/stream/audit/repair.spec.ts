import type { SyncCount } from '@satchel/protocol'
import fc from 'fast-check'
import { repair } from './repair.js'
import { replay } from './replay.js'
import { BATCH_MESSAGES_MAX, TRIES_MAX } from './republish.js'
import { IDENTITY, STREAM, StreamingSite } from './testing/streaming-site.js'

let site: StreamingSite

beforeEach(() => {
  site = new StreamingSite()
})

const repaired = async () => repair(site.parts, await site.audit({ wholeTopics: true }))
const prefs = { identity: IDENTITY, dataset: 'prefs' } as const
const asked = (from: number) => ({ dataset: prefs, from: from as SyncCount }) as Parameters<typeof replay>[1]

test('[V73] a dataset with a missing change gets everything from there on again, and no other dataset anything', async () => {
  site.published(2)
  site.lose(site.write())
  site.published(2)
  site.published(4, { dataset: 'theme' })
  expect(await repaired()).toEqual({ published: 3, tooLarge: 0 })
  expect((await site.audit()).counts).toMatchObject({ faulty: 0, changes: 9, repeated: 0, healed: 1 })
})

test('[V73] a topic that was made anew gets back all that the change log has', async () => {
  site.published(300)
  site.published(5, { dataset: 'theme' })
  site.topics.create(STREAM, 2)
  expect(await repaired()).toMatchObject({ published: 305 })
  expect((await site.audit()).counts).toMatchObject({ faulty: 0, changes: 305 })
})

test('[V73] a topic whose beginning was removed gets it back, behind the rest', async () => {
  site.published(6)
  site.topics.trim(STREAM, 1, 4)
  expect(await repaired()).toMatchObject({ published: 6 })
  expect((await site.audit({ wholeTopics: true })).counts).toMatchObject({ faulty: 0, changes: 6, healed: 1 })
})

test('[V73] of a dataset that went to two topics, only the one that lacks changes gets any', async () => {
  site.published(3)
  await site.moveTo('others')
  site.published(1)
  site.lose(site.write())
  site.published(1)
  expect(await repaired()).toEqual({ published: 2, tooLarge: 0 })
  expect((await site.audit()).counts).toMatchObject({ faulty: 0, changes: 6, repeated: 0, healed: 1 })
})

test('[V73] what came in the wrong order comes again behind it', async () => {
  const [a, b, c] = [site.write(), site.write(), site.write()]
  for (const row of [a, c, b]) site.publish(row)
  expect(await repaired()).toMatchObject({ published: 1 })
  expect((await site.audit()).counts).toMatchObject({ faulty: 0, healed: 1 })
})

test('[V73] what the change log has lost stays missing, and is said to be', async () => {
  site.published(2)
  site.forget(site.write())
  site.published(1)
  await repaired()
  const { findings } = await site.audit()
  expect(findings).toMatchObject([
    { dataset: 'prefs', reach: { from: null, lost: { through: { epoch: 0, syncCount: 3 } } } },
  ])
})

test('[V73] a call that got no answer is made again, and one too large is cut in two', async () => {
  for (const row of Array.from({ length: 4 }, () => site.write())) site.lose(row)
  site.topics.nextOutcome = { kind: 'too-large' }
  expect(await repaired()).toEqual({ published: 4, tooLarge: 0 })
  expect((await site.audit()).counts).toMatchObject({ faulty: 0, changes: 4 })

  site.lose(site.write())
  site.topics.nextOutcome = { kind: 'unknown', reason: 'timed out' }
  const again = repaired()
  for (let turn = 0; turn < 20; turn++) {
    await new Promise((done) => setImmediate(done))
    site.clock.advance(1_000)
  }
  expect(await again).toEqual({ published: 1, tooLarge: 0 })
})

test('[V73] a topic that cannot be written ends the repair after a bounded number of calls', async () => {
  site.lose(site.write())
  const result = await site.audit()
  let calls = 0
  const publish = () => {
    calls += 1
    return Promise.resolve({ kind: 'unwritable', reason: 'not there' } as const)
  }
  const clock = Object.assign(site.clock, { after: (_: number, work: () => void) => (setImmediate(work), () => {}) })
  const parts = { ...site.parts, clock, openPublisher: () => ({ publish, close: () => undefined }) }
  await expect(repair(parts, result)).rejects.toThrow('stream changes cannot be written: not there')
  expect(calls).toBe(TRIES_MAX)
})

test('[V73] whatever is missing, one repair brings the topic to where nothing is', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom('a', 'bb', 'c'), fc.boolean()), { maxLength: 40 }),
      async (history) => {
        site = new StreamingSite()
        for (const [dataset, lost] of history) {
          const row = site.write({ dataset })
          if (lost) site.lose(row)
          else site.publish(row)
        }
        await repaired()
        expect((await site.audit()).counts).toMatchObject({ faulty: 0, changes: history.length })
      },
    ),
  )
})

test('[V74] a dataset is replayed from the count that was asked for', async () => {
  const count = BATCH_MESSAGES_MAX + 50
  site.published(count)
  site.published(3, { dataset: 'theme' })
  expect(await replay(site.parts, asked(11))).toEqual({ published: count - 10, tooLarge: 0, from: 11, complete: true })
  expect((await site.audit()).counts).toMatchObject({ faulty: 0, repeated: count - 10 })
})

test('[V74] a count that the stream never carried is no hole in a replay', async () => {
  site.published(2)
  site.publish(site.write({}, { syncCount: 9 as SyncCount }))
  expect(await replay(site.parts, asked(5))).toMatchObject({ published: 1, from: 9, complete: true })
})

test('[V74] a replay that the change log does not reach far enough back for says so', async () => {
  const rows = site.published(5)
  for (const row of rows.slice(0, 3)) site.forget(row)
  expect(await replay(site.parts, asked(2))).toMatchObject({ published: 2, from: 4, complete: false })
  expect(await replay(site.parts, asked(9))).toMatchObject({ published: 0, from: null, complete: false })
})

test('[V74] where a backup was put back both changes of a count are replayed, in their order', async () => {
  site.published(3)
  site.publish(site.write({}, { epoch: 1, syncCount: 3 as SyncCount, previousEpoch: 0, previous: 2 as SyncCount }))
  expect(await replay(site.parts, asked(3))).toMatchObject({ published: 2, complete: true })
})
