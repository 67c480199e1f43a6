import { Seeded } from '../support/seeded.js'
import { describeWithKafka } from '../support/kafka/describe-with-kafka.js'
import { FAULTLESS, StreamingSite } from '../support/stream/streaming-site.js'
import { StreamReader } from '../support/stream/stream-reader.js'

const SITES = 4
const SERVER_KILLS_EACH = 5
const SERVER_STOPS_EACH = 7
const BROKER_KILLS = 20
const BROKER_PAUSES = 20
const DRAINED_MS_MAX = 30_000

/** Past the end of a lease, and past the longest send. */
const LONG_STOP_MS = 11_000
const LONG_PAUSE_MS = 9_000

/** Given again by SATCHEL_E2E_SEED, the load makes the same choices; the moments are still the machine's. */
const SEED = Number(process.env['SATCHEL_E2E_SEED'] ?? Date.now() % 2_147_483_647)

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describeWithKafka('a stream among outages, with a real Kafka', {}, (kafka) => {
  const sites: StreamingSite[] = []
  const seen = { serverKills: 0, serverStops: 0, brokerKills: 0, brokerPauses: 0, writesWhileBrokerIsAway: 0 }

  afterAll(async () => {
    kafka().broker.resume()
    await Promise.all(sites.map((site) => site.end()))
  })

  /** A server with a stream of its own, four guests and seven datasets. */
  async function aSite(number: number, chance: Seeded): Promise<StreamingSite> {
    const site = await StreamingSite.start(kafka())
    sites.push(site)
    const pool = await site.aStreamingPool(`killed-${number}`)
    for (let guest = 0; guest < 4; guest++) {
      const somebody = await site.aGuest(pool)
      for (const dataset of guest < 3 ? ['prefs', 'state'] : ['prefs']) {
        site.write(somebody, { dataset, chance: chance.fork(), restMs: 150 })
      }
    }
    return site
  }

  async function stopServer(site: StreamingSite, ms: number): Promise<void> {
    await site.stopped(ms)
    seen.serverStops++
  }

  /** Most kills hit a server that is publishing; every third one hits one that waits for its predecessor's leases. */
  async function disturbServer(site: StreamingSite, chance: Seeded, isFirst: boolean): Promise<void> {
    if (isFirst) await stopServer(site, LONG_STOP_MS)
    for (let kill = 0; kill < SERVER_KILLS_EACH; kill++) {
      if (kill % 3 !== 2) await site.relaying()
      await pause(chance.from(0, 1_000))
      await site.killed()
      seen.serverKills++
      await stopServer(site, chance.from(20, 900))
    }
    while (seen.serverStops < SERVER_STOPS_EACH * SITES) {
      await pause(chance.from(0, 500))
      await stopServer(site, chance.from(20, 900))
    }
  }

  const acknowledged = () => sites.reduce((sum, site) => sum + site.acknowledged, 0)

  async function disturbBroker(chance: Seeded): Promise<void> {
    const { broker } = kafka()
    for (let round = 0; round < Math.max(BROKER_KILLS, BROKER_PAUSES); round++) {
      await pause(chance.from(100, 1_500))
      const before = acknowledged()
      broker.pause()
      await pause(round === 5 ? LONG_PAUSE_MS : chance.from(20, 1_200))
      // Half of them are killed as they stand there, with all that was sent to them.
      if (chance.next() < 0.5) broker.resume()
      seen.brokerPauses++
      await pause(chance.from(0, 300))
      await broker.kill()
      seen.brokerKills++
      await pause(chance.from(0, 1_000))
      seen.writesWhileBrokerIsAway += acknowledged() - before
      await broker.start()
    }
  }

  test(`[V90] seed ${SEED}: ${SITES * SERVER_KILLS_EACH} servers and ${BROKER_KILLS} brokers killed, more of them stopped, and every change arrives in order`, async () => {
    const chance = new Seeded(SEED)
    for (let number = 1; number <= SITES; number++) await aSite(number, chance)
    await Promise.all([
      disturbBroker(chance.fork()),
      ...sites.map((site, at) => disturbServer(site, chance.fork(), at === 0)),
    ])
    await Promise.all(sites.map((site) => site.writersDone()))
    await Promise.all(sites.map((site) => site.drained(DRAINED_MS_MAX)))

    const totals = { changes: 0, repeated: 0, lost: 0 }
    for (const [at, site] of sites.entries()) {
      const stream = `killed-${at + 1}`
      const reader = new StreamReader()
      await kafka().readEach(site.topic(stream), (message) => reader.take(message))
      expect(reader.faults).toEqual([])
      for (const writer of site.writers) expect(reader.differences(writer, writer.history)).toEqual([])
      expect(reader.seen.changes).toBe(site.acknowledged)
      expect(await site.audit(stream)).toMatchObject({
        ...FAULTLESS,
        waiting: 0,
        datasets: site.writers.length,
        changes: site.acknowledged,
        repeated: reader.seen.repeated,
      })
      totals.changes += reader.seen.changes
      totals.repeated += reader.seen.repeated
      totals.lost += site.writers.reduce((sum, { lost }) => sum + lost, 0)
    }
    console.info(`seed ${SEED}: ${JSON.stringify({ ...seen, ...totals })}`)
    expect(seen.serverKills).toBeGreaterThanOrEqual(20)
    expect(seen.serverStops).toBeGreaterThanOrEqual(20)
    expect(seen.brokerKills).toBeGreaterThanOrEqual(20)
    expect(seen.brokerPauses).toBeGreaterThanOrEqual(20)
    expect(seen.writesWhileBrokerIsAway).toBeGreaterThan(100)
    // Otherwise nobody was ever killed between a send and its mark.
    expect(totals.repeated).toBeGreaterThan(0)
  }, 600_000)
})
