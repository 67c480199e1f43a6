import { AWS_LIMITS, type Changed, type DatasetName, type IdentityId, type SyncCount } from '@satchel/protocol'
import type { Bearer } from '../access/bearer.js'
import type { CommittedChange } from '../datasets/commit-feed.js'
import { POOL } from '../domain/testing/a-dataset.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { HttpWatches } from './http-watches.js'
import { LiveOperations } from './live-operations.js'
import type { LiveSocket } from './live-socket.js'
import type { LiveSockets } from './live-sockets.js'

const BEARER: Bearer = { pool: POOL, identity: 'us-east-1:2' as IdentityId, login: null, expiresAt: Infinity }
const SETTINGS = { dataset: 'settings' as DatasetName, epoch: 1, since: 3 as SyncCount }
const REQUEST = { datasets: [SETTINGS] }

const settled = () => new Promise((resolve) => setImmediate(resolve))

/** The order in which a watch does things, and a hand on when other nodes are heard. */
function aWorld() {
  const order: string[] = []
  let hear!: () => void
  const heard = new Promise<void>((resolve) => (hear = resolve))
  const bearers = {
    stands: () => Promise.resolve(true),
    thoseStanding: () => Promise.resolve(new Set([BEARER])),
    admit: () => Promise.resolve(BEARER),
  }
  const behind = (): Promise<readonly Changed[]> => {
    order.push('looks')
    return Promise.resolve([])
  }
  const listeners: ((change: CommittedChange) => void)[] = []
  const feed = {
    watch: (_: IdentityId, listener: (change: CommittedChange) => void) => {
      order.push('listens')
      listeners.push(listener)
      return () => order.push('leaves')
    },
    hears: () => heard,
  }
  const tell = (base: number, through: number) => {
    const changed = {
      dataset: SETTINGS.dataset,
      epoch: 1,
      base: base as SyncCount,
      through: through as SyncCount,
      records: null,
    }
    for (const listener of listeners) listener({ identity: BEARER.identity, device: null, changed })
  }
  return { order, hear, heard, bearers, exchange: { behind }, feed, tell, clock: new HeldClock() }
}

test('[RD2] a socket looks at what it missed only once other nodes are heard', async () => {
  const { order, hear, heard, bearers, exchange, clock } = aWorld()
  const sockets = { listen: () => (order.push('listens'), heard) } as unknown as LiveSockets
  const sync = () => Promise.reject(new Error('nobody syncs'))
  const operations = new LiveOperations({
    exchange: { ...exchange, sync },
    sockets,
    bearers,
    limits: AWS_LIMITS,
    clock,
  })
  const socket = { bearer: BEARER, watch: () => order.push('watches') } as unknown as LiveSocket
  const answer = operations.watchOn(socket, REQUEST)
  await settled()
  expect(order).toEqual(['watches', 'listens'])
  hear()
  expect(await answer).toEqual({ changed: [] })
  expect(order).toEqual(['watches', 'listens', 'looks'])
})

test('[RD2] so does a watch over HTTP', async () => {
  const { order, hear, bearers, exchange, feed, tell, clock } = aWorld()
  const watches = new HttpWatches({ exchange, feed, bearers, clock })
  const answer = watches.watch(BEARER, REQUEST, new AbortController().signal)
  await settled()
  expect(order).toEqual(['listens'])
  hear()
  await settled()
  expect(order).toEqual(['listens', 'looks'])
  tell(3, 4)
  expect(await answer).toMatchObject([{ base: 3, through: 4 }])
})

test('[RD1] a watch over HTTP is not answered with what its device has, and with the newest of what came in any order', async () => {
  const { hear, bearers, exchange, feed, tell, clock } = aWorld()
  hear()
  const watches = new HttpWatches({ exchange, feed, bearers, clock })
  let answered = false
  const answer = watches.watch(BEARER, REQUEST, new AbortController().signal).finally(() => (answered = true))
  tell(2, 3)
  tell(0, 1)
  for (let turn = 0; turn < 5; turn++) await settled()
  expect(answered).toBe(false)
  tell(5, 6)
  tell(3, 4)
  expect(await answer).toMatchObject([{ base: 5, through: 6 }])
})
