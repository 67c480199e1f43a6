import { adminOf, datasetOf, guestsNamed, type Reached, type Somebody } from '../a-pool.js'
import { editsByChance } from '../edits-by-chance.js'
import { forMs } from '../for-ms.js'
import { exchange } from '../http-exchange.js'
import type { Seeded } from '../seeded.js'
import { deviceAt, errorOf, okOf, replace, type Listing, type Patch, type WireDevice } from '../wire-client.js'
import { AwsLedger } from './aws-ledger.js'
import { PatientAsker, type Asked, type Patience } from './patient-asker.js'

const SERVED_MS_MAX = 90_000
const DATASETS_MAX = 20
const RECORDS_MAX = 1_024
/** Records that are there from the beginning where writers race for the last places. */
const HELD = RECORDS_MAX - 4

export type AwsLoadOptions = Readonly<{
  pool: string
  chance: Seeded
  /** Whether datasets are deleted too; not where a request may be carried out long after its sender gave it up, as deleting has no token. */
  deleting: boolean
}> &
  Pick<Patience, 'restMs'>

/** Callers of the AWS face who never give up. All that they were told is taken down, and at the end has to be what every node says. */
export class AwsLoad {
  private readonly ledger = new AwsLedger()
  readonly faults = this.ledger.faults
  private readonly did = {
    updates: 0,
    conflicts: 0,
    overLimit: 0,
    deletions: 0,
    guests: 0,
    bySdk: 0,
    lostButDone: 0,
  }
  private readonly asker: PatientAsker
  private readonly guests: string[] = []
  /** Somebody was not served, or was answered what may not be: `finish` tells. Nobody goes on then. */
  broken = false
  private over = false
  private workers: Promise<void>[] = []

  private constructor(
    private readonly reached: Reached,
    private readonly options: AwsLoadOptions,
  ) {
    const { restMs } = options
    this.asker = new PatientAsker({ servedMsMax: SERVED_MS_MAX, restMs, faults: this.faults })
  }

  /** Begins; resolves when everybody is at work. */
  static async start(reached: Reached, options: AwsLoadOptions): Promise<AwsLoad> {
    const load = new AwsLoad(reached, options)
    const { pool, chance, deleting } = options
    const { ada, ben, cleo, dora, eve } = await guestsNamed(reached, pool, ['ada', 'ben', 'cleo', 'dora', 'eve'])
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

  /** What happened, counted. */
  get seen() {
    return { ...this.did, ...this.asker.seen }
  }

  /** Bytes that the datasets of all its identities come to. */
  get bytes(): number {
    return this.ledger.bytes
  }

  /** What is wrong with what a node says of everything that was written; empty when nothing is. */
  async faultsAt(node: Reached): Promise<readonly string[]> {
    const faults = [...(await this.ledger.faultsAt(node))]
    const { identity } = adminOf(node)
    for (const guest of this.guests) {
      const found = await identity.describeIdentity({ IdentityId: guest })
      if (found.IdentityId !== guest) faults.push(`guest ${guest} is gone`)
    }
    return faults
  }

  /** Several of these on one dataset race each other for its keys. */
  private async edit({ who, dataset, keys, since, chance }: Editing): Promise<void> {
    while (!this.over) {
      const listing = await this.list(who, dataset, { lastSyncCount: since })
      const patches = editsByChance(listing, keys, chance)
      await this.send({ who, dataset, token: listing.SyncSessionToken, patches })
    }
  }

  /** Makes datasets of its own identity, more of them than it may have. Nobody else writes for it, so the limit must be exactly where it is. */
  private async make(who: Somebody, chance: Seeded, deleting: boolean): Promise<void> {
    while (!this.over) {
      const dataset = `made-${chance.from(1, DATASETS_MAX + 5)}`
      const history = this.ledger.historyOf(who, dataset)
      if (deleting && history.replay().exists && chance.next() < 0.5) {
        await this.delete(who, dataset)
        continue
      }
      const listing = await this.list(who, dataset, {})
      const base = listing.Records.find(({ Key }) => Key === 'k')?.SyncCount ?? 0
      const patches = [replace('k', `${chance.next()}`, base)]
      const outcome = await this.send({ who, dataset, token: listing.SyncSessionToken, patches })
      const live = this.ledger.datasetsOf(who)
      if (outcome === 'over-limit' && live !== DATASETS_MAX)
        this.faults.push(`a dataset was refused beside ${live} others`)
    }
  }

  private async delete(who: Somebody, dataset: string): Promise<void> {
    const { answer, unsure } = await this.asker.ask('a deletion', () => this.deviceOf(who).deleteRaw(dataset))
    // The one whose answer was lost had been carried out.
    if (!(unsure && answer.status === 404)) okOf(answer)
    const history = this.ledger.historyOf(who, dataset)
    history.deleted(history.lastCount + 1)
    this.did.deletions++
  }

  /** Edits with the SDK as it comes, which tries again by itself, and here again when that was not enough. */
  private async editBySdk(who: Somebody, chance: Seeded): Promise<void> {
    const dataset = 'by-sdk'
    const at = datasetOf(who, dataset)
    while (!this.over) {
      const { Records = [], SyncSessionToken } = await this.asker.askSdk(() => who.sync.listRecords(at))
      const key = `key-${chance.from(1, 8)}`
      const base = Records.find(({ Key }) => Key === key)?.SyncCount ?? 0
      const patches = [replace(key, `${chance.next()}`, base)]
      const sent = { ...at, SyncSessionToken, RecordPatches: patches as never }
      const answer = await this.asker.askSdk(() => who.sync.updateRecords(sent))
      this.ledger.accepted({ who, dataset, patches }, answer.Records as readonly { SyncCount: number }[])
      this.did.bySdk++
    }
  }

  /** Makes guests, each with a first dataset. */
  private async greet(chance: Seeded): Promise<void> {
    while (!this.over) {
      const made = okOf((await this.unsigned('GetId', { IdentityPoolId: this.options.pool })).answer)
      const { IdentityId: identity } = made as { IdentityId: string }
      this.guests.push(identity)
      this.did.guests++
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
    const { answer } = await this.asker.ask('a listing', () => this.deviceOf(who).listRaw(dataset, query))
    return okOf(answer) as Listing
  }

  /** Sends an update until it is known what became of it. */
  private async send(update: Update): Promise<'accepted' | 'conflict' | 'over-limit'> {
    const { who, dataset, token, patches } = update
    let reachedBefore: number | null = null
    const { answer } = await this.asker.ask('an update', async (unsure) => {
      if (unsure) {
        const listing = await this.deviceOf(who).listRaw(dataset)
        if (listing.status !== 200) return listing
        reachedBefore = (listing.json() as Listing).DatasetSyncCount
      }
      return this.deviceOf(who).updateRaw(dataset, token, patches)
    })
    if (answer.status === 200) {
      const { Records } = answer.json() as { Records: { SyncCount: number }[] }
      const count = this.ledger.accepted(update, Records)
      if (reachedBefore !== null && count <= reachedBefore) this.did.lostButDone++
      this.did.updates++
      return 'accepted'
    }
    const { type } = errorOf(answer)
    if (type === 'ResourceConflictException') this.did.conflicts++
    else if (type === 'LimitExceededException') this.did.overLimit++
    else throw new Error(`an update was refused with ${answer.status}: ${answer.text}`)
    return type === 'ResourceConflictException' ? 'conflict' : 'over-limit'
  }

  private unsigned(operation: string, input: object): Promise<Asked> {
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityService.${operation}`,
    }
    const sent = { method: 'POST', target: '/', headers, body: JSON.stringify(input) }
    return this.asker.ask(operation, () => exchange(this.reached.url, sent))
  }

  private deviceOf(who: Somebody): WireDevice {
    return deviceAt(this.reached, who)
  }
}

type Editing = Readonly<{ who: Somebody; dataset: string; keys: number; since: number; chance: Seeded }>

type Update = Readonly<{ who: Somebody; dataset: string; token: string; patches: readonly Patch[] }>
