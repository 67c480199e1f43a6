import { CognitoSync } from '@aws-sdk/client-cognito-sync'
import { adminOf, aGuest, aPool, at, datasetOf, type Reached, type Somebody } from '../support/a-pool.js'
import { asking, batchOf, guestToken, LiveDevice, syncOverHttp, watchOverHttp } from '../support/live-device.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { servedSite } from '../support/nodes/served-site.js'
import { RUN_SEED, type Seeded } from '../support/seeded.js'
import { deviceAt, errorOf, replace, type WireDevice } from '../support/wire-client.js'

const REQUESTS = Number(process.env['SATCHEL_E2E_REQUESTS'] ?? 2_000)
const IDENTITIES = 3
const DEVICES = 4
const NAMES = ['one', 'two']
const TEST_MS_MAX = 240_000

/** What is known of a dataset: whatever is asked from now on must know it too. */
type Known = { count: number; readonly values: Map<string, string> }

type Person = Readonly<{ who: Somebody; token: string; known: ReadonlyMap<string, Known> }>

describeWithPostgres('what one node has acknowledged', (postgres) => {
  const served = servedSite(postgres)
  let places: readonly Reached[]
  const people: Person[] = []
  beforeAll(async () => {
    const { site } = served
    const pool = await aPool(site.running)
    places = [...site.nodes, site.running].map(({ url, admin }) => ({ url, admin }))
    for (let n = 0; n < IDENTITIES; n++) {
      const who = await aGuest(site.running, pool)
      const token = await guestToken(site.running, who.identity)
      people.push({ who, token, known: new Map(NAMES.map((name) => [name, { count: 0, values: new Map() }])) })
    }
  })

  test(
    `[NO8] [X13] is in every answer that any node gives afterwards, over ${REQUESTS} random requests, seed ${RUN_SEED}`,
    async () => {
      const { site, chance } = served
      const faults: string[] = []
      const seen = new Map<string, number>()
      let left = REQUESTS
      const device = async (person: Person, name: string, own: Seeded): Promise<void> => {
        const asker = await Asker.open(person, name, { chance: own, places })
        while (left-- > 0) {
          const { what, fault } = await asker.ask()
          seen.set(what, (seen.get(what) ?? 0) + 1)
          if (fault !== null) faults.push(`${what}: ${fault}`)
        }
        asker.close()
      }
      await Promise.all(
        people.flatMap((person) =>
          Array.from({ length: DEVICES }, (_, n) => device(person, `device-${n}`, chance.fork())),
        ),
      )
      console.info(JSON.stringify(Object.fromEntries(seen)))
      expect(faults).toEqual([])
      expect([...seen.values()].every((times) => times > REQUESTS / 50)).toBe(true)
      expect(site.defects()).toEqual([])
    },
    TEST_MS_MAX,
  )
})

/** One device, which asks one node after the other for anything that a device may ask for. */
class Asker {
  private readonly chance: Seeded
  private readonly places: readonly Reached[]
  private numbers = 0
  private turn = 0

  private constructor(
    private readonly person: Person,
    /** The keys that begin with it are written by nobody else. */
    private readonly name: string,
    private readonly sockets: readonly LiveDevice[],
    { chance, places }: Readonly<{ chance: Seeded; places: readonly Reached[] }>,
  ) {
    this.chance = chance
    this.places = places
    this.turn = chance.from(0, places.length)
  }

  static async open(
    person: Person,
    name: string,
    means: Readonly<{ chance: Seeded; places: readonly Reached[] }>,
  ): Promise<Asker> {
    const sockets = await Promise.all(means.places.map((place) => LiveDevice.open(place, person, { name })))
    return new Asker(person, name, sockets, means)
  }

  close(): void {
    for (const socket of this.sockets) socket.close()
  }

  async ask(): Promise<Readonly<{ what: string; fault: string | null }>> {
    const { chance, person } = this
    const dataset = chance.oneOf(NAMES)
    const known = person.known.get(dataset)!
    // Others may be told more while this is under way.
    const before = { count: known.count, values: new Map(known.values) }
    const at = this.turn++ % this.places.length
    const place = this.places[at]!
    const what = chance.oneOf(WHAT)
    const asked = { dataset, place, at, before }
    const found = await this[what](asked)
    const fault = found === null ? null : this.judge(found, asked)
    return { what, fault: fault ?? (WRITES.has(what) ? await this.askAll(dataset) : null) }
  }

  /** What every node says right after an acknowledgement. */
  private async askAll(dataset: string): Promise<string | null> {
    const { count, values } = this.person.known.get(dataset)!
    const before = { count, values: new Map(values) }
    const faults = await Promise.all(
      this.places.map(async (place, at) => {
        const asked = { dataset, place, at, before }
        return this.judge(await this.list(asked), asked)
      }),
    )
    return faults.find((fault) => fault !== null) ?? null
  }

  private judge({ count, values }: Found, { before, place, dataset }: Asked): string | null {
    if (count < before.count) return `${place.url} says ${count} of ${dataset}, and ${before.count} was acknowledged`
    for (const [key, value] of values === null ? [] : before.values) {
      if (key.startsWith(`${this.name}.`) && values?.get(key) !== value)
        return `${place.url} says ${key} is ${values?.get(key)}, and ${value} was acknowledged`
    }
    return null
  }

  /** Takes an acknowledgement down. */
  private knows(dataset: string, count: number, key: string, value: string): void {
    const known = this.person.known.get(dataset)!
    known.count = Math.max(known.count, count)
    known.values.set(key, value)
  }

  private async update({ dataset, place }: Asked): Promise<Found | null> {
    const device = this.deviceAt(place)
    const { Records, SyncSessionToken, DatasetSyncCount } = await device.list(dataset)
    const { key, value } = this.edit()
    const base = Records.find(({ Key }) => Key === key)?.SyncCount ?? 0
    // The session of one node is spent at another.
    const answer = await this.deviceAt(this.chance.oneOf(this.places)).updateRaw(dataset, SyncSessionToken, [
      replace(key, value, base),
    ])
    if (answer.status !== 200) throw new Error(JSON.stringify(errorOf(answer)))
    const [record] = (answer.json() as { Records: { SyncCount: number }[] }).Records
    if (record!.SyncCount <= DatasetSyncCount) throw new Error(`a count was given twice: ${record!.SyncCount}`)
    this.knows(dataset, record!.SyncCount, key, value)
    return { count: record!.SyncCount, values: null }
  }

  /** Writes and reads in one message, on a socket of any node. */
  private async exchange({ dataset, at }: Asked): Promise<Found | null> {
    const socket = this.sockets[at]!
    return this.exchanged(dataset, (asked) => socket.sync(asked))
  }

  private exchangeOverHttp({ dataset, place }: Asked): Promise<Found | null> {
    const { token } = this.person
    return this.exchanged(dataset, (asked) =>
      syncOverHttp(place, token, { device: this.name, datasets: [asking(asked)] }),
    )
  }

  private async exchanged(
    dataset: string,
    send: (asked: Parameters<typeof asking>[0]) => ReturnType<typeof syncOverHttp>,
  ): Promise<Found | null> {
    const { key, value } = this.edit()
    const first = await send({ dataset })
    const held = first.datasets[0]!.changes!
    const base = held.records.find((record) => record.key === key)?.syncCount ?? 0
    const batch = batchOf(++this.numbers, { key, value, base })
    const answer = await send({ dataset, epoch: held.epoch, since: held.through, batch })
    const { batch: outcome } = answer.datasets[0]!
    if (outcome?.outcome !== 'accepted') throw new Error(JSON.stringify(outcome))
    this.knows(dataset, outcome.syncCount, key, value)
    return { count: held.through, values: new Map(held.records.map((record) => [record.key, record.value ?? ''])) }
  }

  private async list({ dataset, place }: Asked): Promise<Found> {
    const { DatasetSyncCount, Records } = await this.deviceAt(place).list(dataset)
    return { count: DatasetSyncCount, values: new Map(Records.map(({ Key, Value }) => [Key, Value ?? ''])) }
  }

  private async listBySdk({ dataset, place }: Asked): Promise<Found> {
    const { who } = this.person
    const sync = new CognitoSync({ ...at(place), credentials: who.credentials })
    const { DatasetSyncCount = 0, Records = [] } = await sync.listRecords(datasetOf(who, dataset))
    return { count: DatasetSyncCount, values: new Map(Records.map(({ Key, Value }) => [Key!, Value ?? ''])) }
  }

  /** What is told to one who has seen what was acknowledged: nothing older. */
  private async watch({ dataset, place, before }: Asked): Promise<Found | null> {
    const { token } = this.person
    if (before.count === 0) return null
    const since = before.count - 1
    const { changed } = await watchOverHttp(place, token, { datasets: [{ dataset, epoch: 1, since }] })
    return { count: changed[0]?.through ?? 0, values: null }
  }

  /** The bytes of a dataset tell nothing of counts; that every key which was acknowledged is counted does. */
  private async describe({ dataset, place, before }: Asked): Promise<Found | null> {
    const { who } = this.person
    const sync = new CognitoSync({ ...at(place), credentials: who.credentials })
    if (before.count === 0) return null
    const { Dataset } = await sync.describeDataset(datasetOf(who, dataset))
    const { NumRecords = 0 } = Dataset!
    return { count: NumRecords >= before.values.size ? before.count : -1, values: null }
  }

  private async usage({ dataset, place, before }: Asked): Promise<Found | null> {
    const { who } = this.person
    if (before.count === 0) return null
    const { IdentityUsage } = await adminOf(place).sync.describeIdentityUsage(datasetOf(who, dataset))
    return { count: (IdentityUsage!.DatasetCount ?? 0) > 0 ? before.count : -1, values: null }
  }

  private edit(): Readonly<{ key: string; value: string }> {
    return { key: `${this.name}.${this.chance.from(1, 5)}`, value: `${this.chance.next()}` }
  }

  private deviceAt(place: Reached): WireDevice {
    return deviceAt(place, this.person.who)
  }
}

const WHAT = ['update', 'exchange', 'exchangeOverHttp', 'list', 'listBySdk', 'watch', 'describe', 'usage'] as const

const WRITES: ReadonlySet<(typeof WHAT)[number]> = new Set(['update', 'exchange', 'exchangeOverHttp'])

type Asked = Readonly<{ dataset: string; place: Reached; at: number; before: Known }>

/** Null values: the answer holds none. */
type Found = Readonly<{ count: number; values: ReadonlyMap<string, string> | null }>
