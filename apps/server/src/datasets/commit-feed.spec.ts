import type { DatasetName, IdentityId } from '@satchel/protocol'
import { count, IDENTITY, OTHER_IDENTITY } from '../domain/testing/a-dataset.js'
import { CommitFeed, type CommittedChange, type OtherNodes } from './commit-feed.js'

const setUp = () => {
  const failures: unknown[] = []
  return { feed: new CommitFeed({ listenerFailed: (cause) => failures.push(cause) }), failures }
}

const change = (through: number, identity: IdentityId = IDENTITY): CommittedChange => ({
  identity,
  device: null,
  changed: {
    dataset: 'settings' as DatasetName,
    epoch: 1,
    base: count(through - 1),
    through: count(through),
    records: null,
  },
})

test('[NA8] a listener hears of its own identity, in order, and of no other', () => {
  const { feed } = setUp()
  const heard: number[] = []
  feed.watch(IDENTITY, ({ changed }) => heard.push(changed.through))
  feed.publish([change(1), change(8, OTHER_IDENTITY), change(2)])
  expect(heard).toEqual([1, 2])
})

test('[NA8] a listener that left hears nothing more, and its identity is watched by nobody', () => {
  const { feed } = setUp()
  const heard: number[] = []
  const listener = ({ changed }: CommittedChange) => heard.push(changed.through)
  // The same function twice is two listeners.
  const leave = feed.watch(IDENTITY, listener)
  const leaveToo = feed.watch(IDENTITY, listener)
  feed.publish([change(1)])
  leave()
  leave()
  feed.publish([change(2)])
  expect(feed.isWatched(IDENTITY)).toBe(true)
  leaveToo()
  feed.publish([change(3)])
  expect(feed.isWatched(IDENTITY)).toBe(false)
  expect(heard).toEqual([1, 1, 2])
})

test('[NA8] a listener may leave while it is told', () => {
  const { feed } = setUp()
  const heard: string[] = []
  const leave = feed.watch(IDENTITY, () => {
    heard.push('first')
    leave()
  })
  feed.watch(IDENTITY, () => heard.push('second'))
  feed.publish([change(1), change(2)])
  expect(heard).toEqual(['first', 'second', 'second'])
})

test('[NA8] one that leaves and comes back in one turn is still told', () => {
  const { feed } = setUp()
  const leave = feed.watch(IDENTITY, () => {})
  leave()
  const heard: number[] = []
  feed.watch(IDENTITY, ({ changed }) => heard.push(changed.through))
  leave()
  feed.publish([change(1)])
  expect(heard).toEqual([1])
})

test('[RD2] other nodes are told of every commit, and listened to while somebody watches', async () => {
  const said: string[] = []
  const failures: unknown[] = []
  let hear!: () => void
  const heard = new Promise<void>((resolve) => (hear = resolve))
  const nodes: OtherNodes = {
    tell: (changes) => said.push(...changes.map(({ changed }) => `told ${changed.through}`)),
    listen: (identity) => {
      said.push(`listens to ${identity}`)
      return heard
    },
    leave: (identity) => said.push(`leaves ${identity}`),
  }
  const feed = new CommitFeed({ listenerFailed: (cause) => failures.push(cause) }, () => nodes)
  const here: number[] = []
  const listener = ({ changed }: CommittedChange) => here.push(changed.through)
  expect(feed.isWatched(OTHER_IDENTITY)).toBe(true) // perhaps at another node
  const [leave, leaveToo] = [feed.watch(IDENTITY, listener), feed.watch(IDENTITY, () => {})]
  feed.publish([change(1), change(7, OTHER_IDENTITY)])
  feed.tellHere([change(2)])
  let hears = false
  const waiting = feed.hears(IDENTITY).then(() => (hears = true))
  await feed.hears(OTHER_IDENTITY)
  expect(hears).toBe(false)
  hear()
  await waiting
  leave()
  leave()
  leaveToo()
  expect(here).toEqual([1, 2])
  expect(said).toEqual([`listens to ${IDENTITY}`, 'told 1', 'told 7', `leaves ${IDENTITY}`])
})
