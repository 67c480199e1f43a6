import { LimitExceededException, ResourceConflictException } from '@aws-sdk/client-cognito-sync'
import { adminOf, aGuest, datasetOf, type Reached, type Somebody } from '../a-pool.js'
import { DatasetHistory, differences } from '../dataset-history.js'
import { exchange, type Answer } from '../http-exchange.js'
import type { Seeded } from '../seeded.js'
import { errorOf, okOf, remove, replace, WireClient, WireDevice, type Listing, type Patch } from '../wire-client.js'

/** No request may take longer, whatever is killed meanwhile: it is answered, told to come again, or cut. */
const ANSWER_MS_MAX = 20_000
/** Nobody asks for longer than that without being served. */
const SERVED_MS_MAX = 90_000
const DATASETS_MAX = 20
const RECORDS_MAX = 1_024
/** Records that are there from the beginning where writers race for the last places. */
const HELD = RECORDS_MAX - 4

type Held = Readonly<{ who: Somebody; dataset: string; history: DatasetHistory }>

/** What came of asking until there was a definite answer; `unsure` tells that it may have been done before it was asked for the last time. */
type Asked = Readonly<{ answer: Answer; unsure: boolean }>

export type AwsLoadOptions = Readonly<{
  pool: string
  chance: Seeded
  /** Whether datasets are deleted too; not where a request may be carried out long after its sender gave it up, as deleting has no token. */
  deleting: boolean
  /** Longest pause before something is asked for again; sooner than the server says, so that there is something to do as it comes back. */
  restMs: number
}>

/**
 * Callers of the AWS face who never give up: whatever is lost, cut or told to come again is asked for again, as it was, until it is
 * known what became of it. All that they were told is taken down, and at the end has to be what every node says.
 */
export class AwsLoad {
  readonly faults: string[] = []
  readonly seen = {
    updates: 0,
    conflicts: 0,
    overLimit: 0,
    deletions: 0,
    guests: 0,
    bySdk: 0,
    lost: 0,
    lostButDone: 0,
    toldToComeAgain: 0,
    slowestMs: 0,
  }
  private readonly held = new Map<string, Held>()
  private readonly guests: string[] = []
  /** Somebody was not served, or was answered what may not be: `finish` tells. Nobody goes on then. */
  broken = false
  private over = false
  private workers: Promise<void>[] = []

  private constructor(
    private readonly reached: Reached,
    private readonly options: AwsLoadOptions,
  ) {}

  /** Begins; resolves when everybody is at work. */
  static async start(reached: Reached, options: AwsLoadOptions): Promise<AwsLoad> {
    const load = new AwsLoad(reached, options)
    const { pool, chance, deleting } = options
    const somebody = (): Promise<Somebody> => aGuest(reached, pool)
    const [ada, ben, cleo, dora, eve] = [
      await somebody(),
      await somebody(),
      await somebody(),
      await somebody(),
      await somebody(),
    ]
    // A few short of the limit, so that writers race for the last places.
    const many = Array.from({ length: HELD }, (_, n) => replace(`held-${n}`, 'x'))
    const { SyncSessionToken: token } = await load.list(cleo, 'full', {})
    await load.send({ who: cleo, dataset: 'full', token, patches: many })
    const edit = (who: Somebody, dataset: string, over: Partial<Editing> = {}): Promise<void> =>
      load.edit({ who, dataset, keys: 8, since: 0, chance: chance.fork(), ...over })
    load.workers = [
      edit(ada, 'alone'),
      edit(ben, 'raced'),
      edit(ben, 'raced'),
      edit(cleo, 'full', { since: 1 }),
      edit(cleo, 'full', { since: 1 }),
      load.make(dora, chance.fork(), deleting),
      load.editBySdk(eve, chance.fork()),
      load.greet(chance.fork()),
    ]
    for (const worker of load.workers) {
      worker.catch(() => {
        load.over = true
        load.broken = true
      })
    }
    return load
  }

  /** Resolves when everything that was asked for has its answer; rejects when somebody was not served. */
  async finish(): Promise<void> {
    this.over = true
    await Promise.all(this.workers)
  }

  /** Bytes that the datasets of all its identities come to. */
  get bytes(): number {
    return [...this.held.values()].reduce((sum, { history }) => sum + history.replay().bytes, 0)
  }

  /** What is wrong with what a node says of everything that was written; empty when nothing is. */
  async faultsAt(node: Reached): Promise<readonly string[]> {
    const faults: string[] = []
    const expected = new Map<string, { who: Somebody; datasets: number; bytes: number }>()
    for (const { who, dataset, history } of this.held.values()) {
      const replayed = history.replay()
      const told = differences(replayed, await deviceAt(node, who).list(dataset))
      faults.push(...told.map((fault) => `${node.url} ${dataset}: ${fault}`))
      const sum = expected.get(who.identity) ?? { who, datasets: 0, bytes: 0 }
      sum.datasets += Number(replayed.exists)
      sum.bytes += replayed.bytes
      expected.set(who.identity, sum)
    }
    for (const { who, datasets, bytes } of expected.values()) {
      const { DatasetCount, DataStorage } = await deviceAt(node, who).usage()
      if (DatasetCount !== datasets || DataStorage !== bytes)
        faults.push(`usage is ${DatasetCount} datasets, ${DataStorage} bytes, not ${datasets}, ${bytes}`)
    }
    const { identity } = adminOf(node)
    for (const guest of this.guests) {
      const found = await identity.describeIdentity({ IdentityId: guest })
      if (found.IdentityId !== guest) faults.push(`guest ${guest} is gone`)
    }
    return faults
  }

  private historyOf(who: Somebody, dataset: string): DatasetHistory {
    const key = `${who.identity} ${dataset}`
    const held = this.held.get(key) ?? { who, dataset, history: new DatasetHistory() }
    this.held.set(key, held)
    return held.history
  }

  /** Several of these on one dataset race each other for its keys. */
  private async edit({ who, dataset, keys, since, chance }: Editing): Promise<void> {
    while (!this.over) {
      const listing = await this.list(who, dataset, { lastSyncCount: since })
      const held = new Map(listing.Records.map((record) => [record.Key, record]))
      const names = new Set(Array.from({ length: chance.from(1, 4) }, () => `key-${chance.from(1, keys)}`))
      const patches = [...names].map((key) => {
        const record = held.get(key)
        if (record?.Value !== undefined && chance.next() < 0.3) return remove(key, record.SyncCount)
        return replace(key, `${chance.next()}`.repeat(chance.from(0, 5)), record?.SyncCount ?? 0)
      })
      await this.send({ who, dataset, token: listing.SyncSessionToken, patches })
    }
  }

  /** Makes datasets of its own identity, more of them than it may have. Nobody else writes for it, so the limit must be exactly where it is. */
  private async make(who: Somebody, chance: Seeded, deleting: boolean): Promise<void> {
    while (!this.over) {
      const dataset = `made-${chance.from(1, DATASETS_MAX + 5)}`
      const history = this.historyOf(who, dataset)
      if (deleting && history.replay().exists && chance.next() < 0.5) {
        await this.delete(who, dataset)
        continue
      }
      const listing = await this.list(who, dataset, {})
      const base = listing.Records.find(({ Key }) => Key === 'k')?.SyncCount ?? 0
      const patches = [replace('k', `${chance.next()}`, base)]
      const outcome = await this.send({ who, dataset, token: listing.SyncSessionToken, patches })
      const live = [...this.held.values()].filter(
        (held) => held.who.identity === who.identity && held.history.replay().exists,
      )
      if (outcome === 'over-limit' && live.length !== DATASETS_MAX)
        this.faults.push(`a dataset was refused beside ${live.length} others`)
    }
  }

  private async delete(who: Somebody, dataset: string): Promise<void> {
    const { answer, unsure } = await this.ask('a deletion', () => this.deviceOf(who).deleteRaw(dataset))
    // The one whose answer was lost had been carried out.
    if (!(unsure && answer.status === 404)) okOf(answer)
    const history = this.historyOf(who, dataset)
    history.deleted(history.lastCount + 1)
    this.seen.deletions++
  }

  /** Edits with the SDK as it comes, which tries again by itself, and here again when that was not enough. */
  private async editBySdk(who: Somebody, chance: Seeded): Promise<void> {
    const dataset = 'by-sdk'
    const at = datasetOf(who, dataset)
    while (!this.over) {
      const { Records = [], SyncSessionToken } = await this.askSdk(() => who.sync.listRecords(at))
      const key = `key-${chance.from(1, 8)}`
      const base = Records.find(({ Key }) => Key === key)?.SyncCount ?? 0
      const patches = [replace(key, `${chance.next()}`, base)]
      const sent = { ...at, SyncSessionToken, RecordPatches: patches as never }
      const answer = await this.askSdk(() => who.sync.updateRecords(sent))
      this.accept(who, dataset, patches, answer.Records as readonly { SyncCount: number }[])
      this.seen.bySdk++
    }
  }

  private async askSdk<T>(send: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + SERVED_MS_MAX
    for (;;) {
      try {
        return await send()
      } catch (fault) {
        if (fault instanceof ResourceConflictException || fault instanceof LimitExceededException) throw fault
        const status = (fault as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
        if (status !== undefined && status !== 503 && status !== 429) throw fault
        if (performance.now() > deadline) throw fault
      }
      await this.rest()
    }
  }

  /** Makes guests, each with a first dataset. */
  private async greet(chance: Seeded): Promise<void> {
    while (!this.over) {
      const made = okOf((await this.unsigned('GetId', { IdentityPoolId: this.options.pool })).answer)
      const { IdentityId: identity } = made as { IdentityId: string }
      this.guests.push(identity)
      this.seen.guests++
      const given = okOf((await this.unsigned('GetCredentialsForIdentity', { IdentityId: identity })).answer)
      const { AccessKeyId, SecretKey, SessionToken } = (given as { Credentials: Record<string, string> }).Credentials
      const credentials = { accessKeyId: AccessKeyId!, secretAccessKey: SecretKey!, sessionToken: SessionToken! }
      const who = { pool: this.options.pool, identity, credentials } as Somebody
      const { SyncSessionToken: token } = await this.list(who, 'first', {})
      await this.send({ who, dataset: 'first', token, patches: [replace('hello', `${chance.next()}`)] })
      await forMs(chance.from(50, 150))
    }
  }

  private async list(who: Somebody, dataset: string, query: Readonly<Record<string, number>>): Promise<Listing> {
    const { answer } = await this.ask('a listing', () => this.deviceOf(who).listRaw(dataset, query))
    return okOf(answer) as Listing
  }

  /** Sends an update until it is known what became of it. */
  private async send(update: Update): Promise<'accepted' | 'conflict' | 'over-limit'> {
    const { who, dataset, token, patches } = update
    let reachedBefore: number | null = null
    const { answer } = await this.ask('an update', async (unsure) => {
      if (unsure) {
        const listing = await this.deviceOf(who).listRaw(dataset)
        if (listing.status !== 200) return listing
        reachedBefore = (listing.json() as Listing).DatasetSyncCount
      }
      return this.deviceOf(who).updateRaw(dataset, token, patches)
    })
    if (answer.status === 200) {
      const { Records } = answer.json() as { Records: { SyncCount: number }[] }
      const count = this.accept(who, dataset, patches, Records)
      if (reachedBefore !== null && count <= reachedBefore) this.seen.lostButDone++
      this.seen.updates++
      return 'accepted'
    }
    const { type } = errorOf(answer)
    if (type === 'ResourceConflictException') this.seen.conflicts++
    else if (type === 'LimitExceededException') this.seen.overLimit++
    else throw new Error(`an update was refused with ${answer.status}: ${answer.text}`)
    return type === 'ResourceConflictException' ? 'conflict' : 'over-limit'
  }

  private accept(
    who: Somebody,
    dataset: string,
    patches: readonly Patch[],
    records: readonly { SyncCount: number }[],
  ): number {
    const [count, ...others] = new Set(records.map(({ SyncCount }) => SyncCount))
    if (others.length > 0) this.faults.push(`one update was answered with the counts ${[count, ...others].join()}`)
    try {
      this.historyOf(who, dataset).accepted(count!, patches)
    } catch (fault) {
      this.faults.push(`${dataset}: ${(fault as Error).message}`)
    }
    return count!
  }

  private unsigned(operation: string, input: object): Promise<Asked> {
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityService.${operation}`,
    }
    const sent = { method: 'POST', target: '/', headers, body: JSON.stringify(input) }
    return this.ask(operation, () => exchange(this.reached.url, sent))
  }

  /** Asks until there is an answer that is neither lost nor to come again. */
  private async ask(what: string, send: (unsure: boolean) => Promise<Answer>): Promise<Asked> {
    const deadline = performance.now() + SERVED_MS_MAX
    for (let unsure = false; ;) {
      const begun = performance.now()
      const answer: Answer | null = await send(unsure).catch(() => null)
      const tookMs = Math.round(performance.now() - begun)
      this.seen.slowestMs = Math.max(this.seen.slowestMs, tookMs)
      if (tookMs > ANSWER_MS_MAX) this.faults.push(`${what} took ${tookMs} ms`)
      const status: number | undefined = answer?.status
      if (answer !== null && status !== 503 && status !== 429) {
        if (answer.status >= 500) this.faults.push(`${what} was answered ${answer.status}: ${answer.text}`)
        return { answer, unsure }
      }
      if (answer === null) {
        this.seen.lost++
      } else {
        this.seen.toldToComeAgain++
        if (!(Number(answer.headers['retry-after']) > 0)) this.faults.push(`${what}: ${status} without a time`)
      }
      if (performance.now() > deadline) throw new Error(`${what} was not served; at last ${answer?.text ?? 'cut'}`)
      unsure ||= status !== 429
      await this.rest()
    }
  }

  private deviceOf(who: Somebody): WireDevice {
    return deviceAt(this.reached, who)
  }

  private rest(): Promise<void> {
    return forMs(Math.random() * this.options.restMs)
  }
}

type Editing = Readonly<{ who: Somebody; dataset: string; keys: number; since: number; chance: Seeded }>

type Update = Readonly<{ who: Somebody; dataset: string; token: string; patches: readonly Patch[] }>

const deviceAt = ({ url }: Reached, who: Somebody): WireDevice =>
  new WireDevice(new WireClient(url, who.credentials), who)

const forMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
