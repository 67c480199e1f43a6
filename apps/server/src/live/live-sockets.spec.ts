import { EventEmitter } from 'node:events'
import type { Socket as WireSocket } from 'node:net'
import type {
  Changed,
  DatasetName,
  DeviceId,
  IdentityId,
  IdentityPoolId,
  SyncCount,
  SyncRequest,
} from '@satchel/protocol'
import type { Socket } from 'socket.io'
import type { Bearer } from '../access/bearer.js'
import { CommitFeed } from '../datasets/commit-feed.js'
import { Refusal } from '../refusal.js'
import { SeededRandom } from '../runtime/testing/seeded-random.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import type { LiveObserver } from './live-observer.js'
import { LiveSocket } from './live-socket.js'
import { LiveSockets } from './live-sockets.js'

const SETTINGS = 'settings' as DatasetName
const PHONE = 'phone' as DeviceId

/** What of engine.io's connection a live socket looks at, and a hand on it. */
class AWire {
  readonly transport = Object.assign(new EventEmitter(), { writable: true })
  readonly writeBuffer: { data: string }[] = []
  readonly said: [string, unknown][] = []
  cut = false
  readonly wire = { writableLength: 0, destroy: () => (this.cut = true) } as unknown as WireSocket

  readonly socket = {
    conn: this,
    emit: (event: string, message: unknown) => {
      if (this.transport.writable) return this.said.push([event, message])
      return this.writeBuffer.push({ data: JSON.stringify([event, message]) })
    },
    disconnect: () => this.said.push(['disconnect', null]),
  } as unknown as Socket

  stall(): void {
    this.transport.writable = false
  }

  /** The reader takes all that waits, as engine.io then tells it. */
  read(): void {
    for (const { data } of this.writeBuffer.splice(0)) this.said.push(JSON.parse(data) as [string, unknown])
    this.transport.emit('drain')
    this.transport.writable = true
    this.transport.emit('ready')
  }

  get hints(): Changed[] {
    return this.said.filter(([event]) => event === 'changed').map(([, hint]) => hint as Changed)
  }
}

class AWorld {
  readonly clock = new HeldClock()
  readonly feed = new CommitFeed({ listenerFailed: (cause) => void this.told.push(String(cause)) })
  readonly told: string[] = []
  stands: (bearer: Bearer) => Promise<boolean> = () => Promise.resolve(true)
  readonly sockets: LiveSockets
  /** Asked of the store about tokens. */
  questions = 0
  private last = 0

  constructor() {
    const observer: LiveObserver = {
      connected: () => {},
      ended: () => {},
      answered: () => {},
      refused: () => {},
      hinted: (kind) => void this.told.push(kind),
      defect: (cause) => void this.told.push((cause as Error).message),
    }
    this.sockets = new LiveSockets({
      feed: this.feed,
      bearers: () => ({
        thoseStanding: async (bearers) => {
          this.questions++
          const stand = await Promise.all(bearers.map((bearer) => this.stands(bearer)))
          return new Set(bearers.filter((_, at) => stand[at]))
        },
      }),
      observer,
      clock: this.clock,
      random: new SeededRandom(1),
    })
  }

  open({ lifeMs = 3_600_000 } = {}): { wire: AWire; live: LiveSocket } {
    const wire = new AWire()
    const bearer: Bearer = {
      pool: 'us-east-1:1' as IdentityPoolId,
      identity: 'us-east-1:2' as IdentityId,
      login: null,
      expiresAt: this.clock.now() + lifeMs,
    }
    const live = new LiveSocket(++this.last, wire.socket, bearer, wire.wire)
    this.sockets.add(live)
    live.watch([{ dataset: SETTINGS, epoch: 1, since: 0 as SyncCount }])
    void this.sockets.listen(live)
    return { wire, live }
  }

  commit(through: number, device: DeviceId | null = null): void {
    const changed = {
      dataset: SETTINGS,
      epoch: 1,
      base: (through - 1) as SyncCount,
      through: through as SyncCount,
      records: [],
    }
    this.feed.publish([{ identity: 'us-east-1:2' as IdentityId, changed, device }])
  }

  /** Seconds one by one, with the promises of each kept before the next. */
  async seconds(count: number): Promise<void> {
    for (let second = 0; second < count; second++) {
      this.clock.advance(1_000)
      await new Promise((done) => setImmediate(done))
    }
  }
}

test('[NB12] a socket ends within a second of its token, unless another one took its place', async () => {
  const world = new AWorld()
  const [ending, renewed] = [world.open({ lifeMs: 5_500 }), world.open({ lifeMs: 5_500 })]
  await world.seconds(5)
  expect(ending.live.ending).toBeNull()
  renewed.live.bearer = { ...renewed.live.bearer, expiresAt: world.clock.now() + 60_000 }
  await world.seconds(1)
  expect(ending.wire.said).toMatchObject([
    ['closing', { code: 'ExpiredToken' }],
    ['disconnect', null],
  ])
  expect(renewed.live.ending).toBeNull()
})

test('[NB13] a database that is away when tokens are looked at is no defect, and ends nobody', async () => {
  const world = new AWorld()
  const { wire, live } = world.open()
  await world.seconds(2)
  world.stands = () => Promise.reject(new Refusal('ServiceUnavailable', 'the database does not answer'))
  await world.seconds(16)
  expect([world.told, wire.said, live.ending]).toEqual([[], [], null])
})

test('[NB13] every 15 seconds all tokens are looked at anew; a store that fails ends nobody', async () => {
  const world = new AWorld()
  const [going, staying] = [world.open(), world.open()]
  await world.seconds(2)
  world.stands = () => Promise.reject(new Error('the disk is gone'))
  await world.seconds(16)
  expect(world.told).toEqual(['the disk is gone'])
  world.stands = (bearer) => Promise.resolve(bearer !== going.live.bearer)
  await world.seconds(16)
  expect(going.wire.said).toMatchObject([
    ['closing', { code: 'NotAuthorized' }],
    ['disconnect', null],
  ])
  expect(staying.live.ending).toBeNull()
})

test('[NB13][NB21] a thousand sockets are looked at by two questions, and none of them is passed over', async () => {
  const world = new AWorld()
  const opened = Array.from({ length: 1_000 }, () => world.open())
  await world.seconds(2)
  world.questions = 0
  const going = new Set([0, 499, 500, 999].map((at) => opened[at]!.live.bearer))
  world.stands = (bearer) => Promise.resolve(!going.has(bearer))
  await world.seconds(16)
  expect(world.questions).toBe(2)
  const ended = opened.filter(({ live }) => live.ending !== null).map(({ live }) => live.bearer)
  expect(new Set(ended)).toEqual(going)
})

test('[NB12] a token that is renewed while the old one is asked for keeps its socket', async () => {
  const world = new AWorld()
  const { live } = world.open()
  await world.seconds(2)
  let answer!: (stands: boolean) => void
  world.stands = () => new Promise((resolve) => (answer = resolve))
  await world.seconds(16)
  live.bearer = { ...live.bearer, expiresAt: world.clock.now() + 7_200_000 }
  answer(false)
  await world.seconds(1)
  expect(live.ending).toBeNull()
})

test('[NB12] a socket that does not take its good-bye is cut after two seconds', async () => {
  const world = new AWorld()
  const { wire, live } = world.open()
  wire.stall()
  world.sockets.endIdentity(live.bearer.identity)
  await world.seconds(1)
  expect(wire.cut).toBe(false)
  await world.seconds(1)
  expect(wire.cut).toBe(true)
})

test('[NB10] only the socket whose message is being committed is not told, and only of that dataset', async () => {
  const world = new AWorld()
  const { wire, live } = world.open()
  const request = { device: PHONE, datasets: [{ dataset: SETTINGS, batch: { number: 1, patches: [] } }] }
  await live.during(request as unknown as SyncRequest, () => Promise.resolve(world.commit(1, PHONE)))
  expect(wire.hints).toEqual([])
  world.commit(2, PHONE)
  await live.during({ ...request, device: 'tablet' } as unknown as SyncRequest, () =>
    Promise.resolve(world.commit(3, PHONE)),
  )
  await live.during({ ...request, datasets: [] }, () => Promise.resolve(world.commit(4, PHONE)))
  world.commit(5)
  expect(wire.hints.map(({ through }) => through as number)).toEqual([2, 3, 4, 5])
})

test('[NB17] behind 32 packets hints become one, from where they began to where they ended', () => {
  const world = new AWorld()
  const { wire } = world.open()
  wire.stall()
  for (let count = 1; count <= 100; count++) world.commit(count)
  expect(wire.writeBuffer).toHaveLength(32)
  wire.read()
  expect(wire.hints).toHaveLength(33)
  expect(wire.hints.at(-1)).toMatchObject({ base: 32, through: 100, records: null })
  world.commit(101)
  expect(wire.hints.at(-1)).toMatchObject({ base: 100, through: 101, records: [] })
  expect(world.told.filter((kind) => kind === 'coalesced')).toHaveLength(68)
})

test('[NB13] a database that is too busy to tell of some sockets is asked about the others all the same', async () => {
  const world = new AWorld()
  const [unknown, ...others] = Array.from({ length: 501 }, () => world.open())
  const going = others.at(-1)!
  world.stands = (bearer) =>
    bearer === unknown!.live.bearer
      ? Promise.reject(new Refusal('TooManyRequests', 'the database has too much to do'))
      : Promise.resolve(bearer !== going.live.bearer)
  await world.seconds(20)
  expect([unknown!.live.ending, going.live.ending]).toEqual([null, 'departed'])
  expect(world.told).toEqual([])
})

test('[NB17] a reader that stands still for 30 seconds is cut, one that goes on in between is not', async () => {
  const world = new AWorld()
  const [still, slow] = [world.open(), world.open()]
  for (const { wire } of [still, slow]) wire.stall()
  await world.seconds(20)
  slow.wire.read()
  slow.wire.stall()
  await world.seconds(12)
  expect([still.wire.cut, slow.wire.cut]).toEqual([true, false])
  expect(still.live.ending).toBe('slow')
})

test('[RD1] hints of other nodes that come late, again or out of order take nothing back', () => {
  const world = new AWorld()
  const { wire } = world.open()
  for (const count of [1, 1, 3, 2, 3, 4]) world.commit(count)
  expect(wire.hints.map(({ through }) => through as number)).toEqual([1, 3, 4])
  wire.stall()
  for (let count = 5; count <= 100; count++) world.commit(count)
  for (let count = 50; count <= 90; count++) world.commit(count)
  wire.read()
  expect(wire.hints.at(-1)).toMatchObject({ base: 36, through: 100, records: null })
})

test('[RD9] when another node says that an identity is gone, its sockets end only if the store says so too', async () => {
  const world = new AWorld()
  const { live } = world.open()
  world.sockets.recheck({ identity: live.bearer.identity })
  world.sockets.recheck({ pool: live.bearer.pool })
  await world.seconds(1)
  expect(live.ending).toBeNull()
  world.stands = () => Promise.resolve(false)
  world.sockets.recheck({ identity: 'us-east-1:3' as IdentityId })
  world.sockets.recheck({ pool: 'us-east-1:4' as IdentityPoolId })
  await world.seconds(1)
  expect(live.ending).toBeNull()
  world.sockets.recheck({ pool: live.bearer.pool })
  await world.seconds(1)
  expect(live.ending).toBe('departed')
})

test('nobody is listened for on behalf of sockets that are gone', () => {
  const world = new AWorld()
  const { live } = world.open()
  expect(world.feed.isWatched(live.bearer.identity)).toBe(true)
  world.sockets.remove(live)
  world.sockets.remove(live)
  expect(world.feed.isWatched(live.bearer.identity)).toBe(false)
  expect(world.sockets.size).toBe(0)
})

test('[MV4] sockets that are sent away are told different moments to come back, all within a second', async () => {
  const world = new AWorld()
  const wires = Array.from({ length: 100 }, () => world.open())
  const drained = world.sockets.drain()
  for (const { live } of wires) world.sockets.remove(live)
  await world.seconds(1)
  await drained
  const moments = wires.map(({ wire }) => (wire.said[0]![1] as { retryAfterMs: number }).retryAfterMs)
  expect(new Set(moments).size).toBeGreaterThan(80)
  expect(Math.max(...moments)).toBeLessThanOrEqual(700)
  expect(Math.min(...moments)).toBeGreaterThanOrEqual(0)
  expect(moments.filter((ms) => ms < 350).length).toBeGreaterThan(30)
})
