import { createClient } from '@redis/client'
import { randomBytes, randomUUID } from 'node:crypto'
import { adminOf, aPool, withCredentials } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { exchange } from '../support/http-exchange.js'
import { aGuestBearer, batchOf, LiveDevice, watchOverHttp, type Bearer } from '../support/live-device.js'
import { metricOf } from '../support/metric-of.js'
import { Site } from '../support/nodes/site.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { describeWithRedis } from '../support/redis/describe-with-redis.js'
import type { RunningServer } from '../support/start-server.js'
import { replace } from '../support/wire-client.js'

const WRITES = 300

/** Sooner than what finds out by looking: recounts are off while Redis carries, the sweep of sockets takes 15 seconds. */
const AT_ONCE_MS = 2_000

describeWithPostgres('hints between nodes', (postgres) => {
  describeWithRedis('through Redis', (redis) => {
    let site: Site
    let [one, two]: RunningServer[] = []
    let pool: string
    const opened: LiveDevice[] = []

    beforeAll(async () => {
      site = await Site.start({ databaseUrl: await postgres().createDatabase(), redisUrl: redis().url, nodes: 2 })
      ;[one, two] = site.nodes
      pool = await aPool(one!)
    })
    afterEach(() => opened.splice(0).forEach((device) => device.close()))
    afterAll(() => site?.close())

    /** A socket that watches one dataset. */
    const watching = async (server: RunningServer, who: Bearer, dataset = 'settings'): Promise<LiveDevice> => {
      const device = await LiveDevice.open(server, who)
      opened.push(device)
      await device.watch({ dataset })
      return device
    }
    const until = (holds: () => boolean, withinMs: number) =>
      eventually(() => (holds() ? Promise.resolve() : Promise.reject(new Error('not yet'))), withinMs)

    test('[RD2] what is written at one node is there at another at once, as at the same one', async () => {
      const who = await aGuestBearer(one!, pool)
      const [writer, here, there] = [await watching(one!, who), await watching(one!, who), await watching(two!, who)]
      const times = { here: [] as number[], there: [] as number[] }
      for (let number = 1; number <= WRITES; number++) {
        const begun = performance.now()
        const told = ([name, device]: readonly ['here' | 'there', LiveDevice]) =>
          new Promise<void>((resolve) =>
            device.socket.once('changed', () => {
              times[name].push(performance.now() - begun)
              resolve()
            }),
          )
        const both = [told(['here', here]), told(['there', there])]
        const batch = batchOf(number, {
          key: `k${number % 10}`,
          value: 'x'.repeat(100),
          base: Math.max(0, number - 10),
        })
        await writer.sync({ dataset: 'settings', epoch: 1, since: number - 1, batch })
        await Promise.all(both)
      }
      for (const device of [here, there]) {
        expect(device.changed.map(({ base, through }) => [base, through])).toEqual(
          Array.from({ length: WRITES }, (_, index) => [index, index + 1]),
        )
        expect(device.changed.every(({ records }) => records?.length === 1)).toBe(true)
        expect(device.strange).toEqual([])
      }
      const [same, across] = [median(times.here), median(times.there)]
      console.info(`from a write to its hint, p50 of ${WRITES}: same node ${same} ms, another node ${across} ms`)
      expect(across).toBeLessThan(same + 100)
    })

    test('[RD2] a watch over HTTP at another node is answered with it', async () => {
      const who = await aGuestBearer(one!, pool)
      const writer = await watching(one!, who)
      const waiting = watchOverHttp(two!, who.token, { datasets: [{ dataset: 'settings', epoch: 0, since: 0 }] })
      await eventually(
        async () => expect(await metricOf(two!, 'satchel_fanout_subscriptions')).toBeGreaterThan(0),
        5_000,
      )
      const begun = performance.now()
      await writer.sync({ dataset: 'settings', batch: batchOf(1, { key: 'a', value: '1' }) })
      const { changed } = await waiting
      expect(changed).toMatchObject([{ dataset: 'settings', base: 0, through: 1 }])
      expect(performance.now() - begun).toBeLessThan(AT_ONCE_MS)
    })

    test('[RD2] so is a write of the AWS face', async () => {
      const who = await aGuestBearer(one!, pool)
      const there = await watching(two!, who)
      const { device } = await withCredentials(one!, who)
      const begun = performance.now()
      await device.write('settings', replace('a', 'by AWS'))
      const [hint] = await there.hints(1)
      expect(performance.now() - begun).toBeLessThan(AT_ONCE_MS)
      expect(hint).toMatchObject({ base: 0, through: 1, records: [{ key: 'a', value: 'by AWS' }] })
    })

    test('[RD2] a node is told nothing of identities that nobody watches there', async () => {
      const who = await aGuestBearer(one!, pool)
      const { device } = await withCredentials(one!, who)
      const before = await metricOf(two!, 'satchel_fanout_received_total')
      for (let count = 0; count < 20; count++) await device.write('settings', replace('a', `${count}`, count))
      const other = await aGuestBearer(one!, pool)
      const there = await watching(two!, other)
      await (await withCredentials(one!, other)).device.write('settings', replace('a', '1'))
      await there.hints(1)
      expect((await metricOf(two!, 'satchel_fanout_received_total')) - before).toBe(1)
    })

    test('[RD2] a commit between the look and the hint of a new watcher is not lost', async () => {
      // Each identity is new to the second node, which begins to listen to it while the first one commits.
      for (let round = 0; round < 20; round++) {
        const who = await aGuestBearer(one!, pool)
        const [writer, reader] = [await LiveDevice.open(one!, who), await LiveDevice.open(two!, who)]
        opened.push(writer, reader)
        const watches = reader.watch({ dataset: 'settings' })
        const writes = writer.sync({ dataset: 'settings', batch: batchOf(1, { key: 'a', value: '1' }) })
        const [{ changed }] = await Promise.all([watches, writes])
        if (changed.length === 0) await reader.hints(1, AT_ONCE_MS)
      }
    })

    test('[RD9] sockets of an identity that is deleted at one node end at the other at once, those of others stay', async () => {
      const staying = await watching(two!, await aGuestBearer(one!, pool))
      for (let round = 0; round < 5; round++) {
        const who = await aGuestBearer(one!, pool)
        const there = await watching(two!, who)
        await adminOf(one!).identity.deleteIdentities({ IdentityIdsToDelete: [who.identity] })
        expect(await there.end(AT_ONCE_MS)).toMatchObject({ code: 'NotAuthorized' })
      }
      expect(staying.disconnected).toBeNull()
    })

    test('[RD9] so do those of a pool that is deleted', async () => {
      const gone = await aPool(one!)
      const sockets: LiveDevice[] = []
      for (let count = 0; count < 5; count++) sockets.push(await watching(two!, await aGuestBearer(one!, gone)))
      await adminOf(one!).identity.deleteIdentityPool({ IdentityPoolId: gone })
      for (const there of sockets) expect(await there.end(AT_ONCE_MS)).toMatchObject({ code: 'NotAuthorized' })
    })

    test('[RD9] credentials of an identity that is deleted at one node are refused at the other', async () => {
      const who = await aGuestBearer(one!, pool)
      const { device } = await withCredentials(two!, who)
      await device.list('settings') // the node remembers from now on that they are good
      const begun = performance.now()
      await adminOf(one!).identity.deleteIdentities({ IdentityIdsToDelete: [who.identity] })
      await eventually(async () => expect((await device.listRaw('settings')).status).not.toBe(200), 5_000)
      console.info(
        `a deleted identity's credentials were refused at another node after ${Math.round(performance.now() - begun)} ms`,
      )
    })

    test('[RD4] what others publish by hand is dropped and counted, and does no harm', async () => {
      const who = await aGuestBearer(one!, pool)
      const [writer, there] = [await watching(one!, who), await watching(two!, who)]
      const refused = () => metricOf(two!, 'satchel_fanout_refused_total')
      const before = await refused()
      const client = createClient({ url: redis().url, RESP: 3 })
      client.on('error', () => {})
      await client.connect()
      const channels = await client.pubSubShardChannels('satchel:*')
      const garbage = [Buffer.alloc(0), Buffer.from('{}'), randomBytes(500), Buffer.alloc(1_000_000, 1)]
      for (const channel of channels) for (const bytes of garbage) await client.sPublish(channel, bytes)
      // A real message, moved to every other channel, and said again on its own.
      const real = new Promise<readonly [string, Buffer]>((resolve) => {
        for (const channel of channels) void client.sSubscribe(channel, (bytes) => resolve([channel, bytes]), true)
      })
      await client.ping()
      await writer.sync({ dataset: 'settings', batch: batchOf(1, { key: 'a', value: 'a secret' }) })
      const [own, bytes] = await real
      expect(bytes.includes('secret') || bytes.includes(who.identity) || bytes.includes('settings')).toBe(false)
      for (const channel of channels) await client.sPublish(channel, bytes)
      client.destroy()
      await eventually(
        async () => expect((await refused()) - before).toBeGreaterThanOrEqual(2 * garbage.length),
        10_000,
      )
      await writer.sync({
        dataset: 'settings',
        epoch: 1,
        since: 1,
        batch: batchOf(2, { key: 'a', value: '2', base: 1 }),
      })
      await there.hints(2)
      expect(there.changed.map(({ through }) => through)).toEqual([1, 2])
      expect([channels.includes(own), there.disconnected, site.defects()]).toEqual([true, null, []])
    })

    test('[RD7] health and metrics say how it stands', async () => {
      await watching(two!, await aGuestBearer(one!, pool))
      const { json } = await exchange(two!.url, { target: '/health/ready' })
      expect(json()).toMatchObject({
        ready: true,
        fanout: { redis: 'up', subscriptions: expect.any(Number) as number },
      })
      expect(await metricOf(two!, 'satchel_fanout_connected')).toBe(1)
      expect(await metricOf(two!, 'satchel_fanout_subscriptions')).toBeGreaterThan(0)
      expect(await metricOf(one!, 'satchel_fanout_published_total')).toBeGreaterThan(WRITES)
      expect(await metricOf(two!, 'satchel_fanout_received_total')).toBeGreaterThan(WRITES)
      for (const name of ['satchel_fanout_underway', 'satchel_fanout_dropped_total', 'satchel_recount_failed_total']) {
        expect(await metricOf(two!, name)).toBe(0)
      }
    })

    test('a node that stops says its last words, and leaves no subscription behind', async () => {
      const extra = await site.restart(2)
      const who = await aGuestBearer(one!, pool)
      const there = await watching(two!, who)
      const writer = await watching(extra, who)
      await writer.sync({ dataset: 'settings', batch: batchOf(1, { key: randomUUID(), value: '1' }) })
      const { code } = await extra.stop(10_000)
      expect(code).toBe(0)
      await there.hints(1)
      await until(() => writer.disconnected !== null, 1_000)
    })
  })
})

const median = (times: readonly number[]): number =>
  Math.round([...times].sort((a, b) => a - b)[times.length >> 1]! * 100) / 100
