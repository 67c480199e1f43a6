import { createHash } from 'node:crypto'
import type { DatasetHistory, Step } from '../dataset-history.js'
import type { StoredMessage } from '../kafka/kafka-cluster.js'

/** Faults that are kept; a broken stream has a million. */
const FAULTS_MAX = 20

/** A change as it was taken. */
export type Taken = Readonly<{
  operation: string
  /** Null where the message says where they are. */
  records: readonly StreamedRecord[] | null
  url: string | null
}>

export type StreamedRecord = Readonly<{ key: string; value: string | null; syncCount: number; op: string }>

type Payload = Readonly<{
  identityPoolId: string
  identityId: string
  datasetName: string
  operation: string
  kinesisSyncRecords?: readonly StreamedRecord[]
  kinesisSyncRecordsURL?: string
  syncCount: number
}>

type Link = Readonly<{ epoch: number; count: number; previousEpoch: number; previous: number }>

type Followed = {
  readonly partition: number
  last: Readonly<{ epoch: number; count: number }>
  /** Of each change, by epoch and count. */
  readonly hashes: Map<string, string>
  readonly changes: Map<number, Taken>
}

export type ReaderOptions = Readonly<{
  /** False where there are too many to be held: then only places and hashes are. */
  keepsChanges?: boolean
  /** The topic was made anew: what stood before the first message of a dataset went with the old one. */
  startsLate?: boolean
}>

/**
 * A consumer of a change stream, written from its rule and not with the project's code: takes each change of a dataset once, none without the
 * one before, and complains of whatever a consumer could not have dealt with.
 */
export class StreamReader {
  readonly faults: string[] = []
  readonly seen = { messages: 0, changes: 0, repeated: 0, linked: 0, lateRepeats: 0 }
  private readonly followed = new Map<string, Followed>()
  /** The newest lease under which something was published, by identity; an identity is one shard's. */
  private readonly leaseEpochs = new Map<string, number>()

  constructor(private readonly options: ReaderOptions = {}) {}

  take(message: StoredMessage): void {
    this.seen.messages++
    const payload = JSON.parse(message.value!) as Payload
    const link = linkOf(message, payload)
    const name = nameOf(payload.identityId, payload.datasetName)
    const where = `${name} at count ${link.count} of epoch ${link.epoch}`
    if (message.headers['type'] !== 'change') return this.fault(`${where} is a ${message.headers['type']}`)
    if (message.key !== payload.identityId) this.fault(`${where} has the key ${message.key}`)
    const id = `${name}/${link.epoch}/${link.count}`
    if (message.headers['id'] !== id) this.fault(`${where} has the id ${message.headers['id']}`)
    const isLate = this.comesLate(message)

    const held = this.followed.get(name)
    if (held === undefined && this.options.startsLate === true) return this.begin(name, { message, payload, link })
    const dataset = held ?? this.begun(name, message.partition, { epoch: 0, count: 0 })
    if (dataset.partition !== message.partition) {
      this.fault(`${where} is in partition ${message.partition}, others in ${dataset.partition}`)
    }
    const { last } = dataset
    if (last.epoch > link.epoch || (last.epoch === link.epoch && last.count >= link.count)) {
      this.seen.repeated++
      if (isLate) this.seen.lateRepeats++
      const known = dataset.hashes.get(`${link.epoch}/${link.count}`)
      if (known === undefined)
        this.fault(`${where} comes behind ${last.count} of epoch ${last.epoch}, for the first time`)
      else if (known !== hashOf(message)) this.fault(`${where} is repeated with other bytes`)
      return
    }
    if (link.previousEpoch > last.epoch || (link.previousEpoch === last.epoch && link.previous > last.count)) {
      return this.fault(`${where} follows ${link.previous}, but ${last.count} was the last that came`)
    }
    this.accept(dataset, { message, payload, link })
  }

  /** What a dataset's stream carried, by count. */
  changesOf(identity: string, dataset: string): ReadonlyMap<number, Taken> {
    return this.followed.get(nameOf(identity, dataset))?.changes ?? new Map()
  }

  /** Puts what is behind each link in its place. */
  async follow(fetch: (url: string) => Promise<readonly StreamedRecord[]>): Promise<void> {
    for (const { changes } of this.followed.values()) {
      for (const [count, taken] of changes) {
        if (taken.url !== null) changes.set(count, { ...taken, records: await fetch(taken.url) })
      }
    }
  }

  /** The newest count of each dataset. */
  lastCounts(): ReadonlyMap<string, number> {
    return new Map([...this.followed].map(([name, { last }]) => [name, last.count]))
  }

  /** How what was carried differs from all that the only writer of a dataset was told; empty when it does not. `from` is the first count that has to be there. */
  differences(
    at: Readonly<{ identity: string; dataset: string }>,
    history: DatasetHistory,
    { from = 1, through = history.lastCount }: Readonly<{ from?: number; through?: number }> = {},
  ): readonly string[] {
    const carried = this.changesOf(at.identity, at.dataset)
    const differences: string[] = []
    for (let count = from; count <= through; count++) {
      const [step, taken] = [history.at(count), carried.get(count)]
      if (step === undefined) differences.push(`count ${count} was answered to nobody`)
      else if (taken === undefined) differences.push(`count ${count} is not in the topic`)
      else if (!says(taken, step)) differences.push(`count ${count} says ${JSON.stringify(taken)}`.slice(0, 500))
    }
    for (const count of carried.keys()) {
      if (history.at(count) === undefined) differences.push(`count ${count} was accepted from nobody`)
    }
    return differences
  }

  private begin(name: string, { message, payload, link }: Read): void {
    const dataset = this.begun(name, message.partition, { epoch: link.previousEpoch, count: link.previous })
    this.accept(dataset, { message, payload, link })
  }

  private begun(name: string, partition: number, last: Followed['last']): Followed {
    const dataset: Followed = { partition, last, hashes: new Map(), changes: new Map() }
    this.followed.set(name, dataset)
    return dataset
  }

  private accept(dataset: Followed, { message, payload, link }: Read): void {
    const { operation, kinesisSyncRecords: records = null, kinesisSyncRecordsURL: url = null } = payload
    dataset.last = link
    dataset.hashes.set(`${link.epoch}/${link.count}`, hashOf(message))
    if (this.options.keepsChanges !== false) dataset.changes.set(link.count, { operation, records, url })
    this.seen.changes++
    if (url !== null) this.seen.linked++
  }

  /** Whether a relay sent it whose lease another one had taken over by then. */
  private comesLate({ key, headers }: StoredMessage): boolean {
    const [epoch, newest] = [Number(headers['leaseEpoch']), this.leaseEpochs.get(key ?? '') ?? 0]
    this.leaseEpochs.set(key ?? '', Math.max(epoch, newest))
    return epoch < newest
  }

  private fault(sentence: string): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push(sentence)
  }
}

type Read = Readonly<{ message: StoredMessage; payload: Payload; link: Link }>

const nameOf = (identity: string, dataset: string): string => `${identity}/${dataset}`

const linkOf = ({ headers }: StoredMessage, { syncCount }: Payload): Link => ({
  epoch: Number(headers['epoch']),
  count: syncCount,
  previousEpoch: Number(headers['previousEpoch']),
  previous: Number(headers['previousSyncCount']),
})

/** All that a repeat has to say again: everything but whose lease it was. */
function hashOf({ key, value, headers }: StoredMessage): string {
  const told = Object.entries(headers).filter(([name]) => name !== 'leaseEpoch')
  return createHash('sha256')
    .update(JSON.stringify([key, value, told]))
    .digest('base64url')
}

/** Whether a change says what was asked for. Links have to be followed first. */
function says({ operation, records }: Taken, step: Step): boolean {
  if (step.kind === 'delete') return operation === 'remove' && records?.length === 0
  if (operation !== 'replace' || records === null) return false
  const told = new Map(records.map(({ key, value, op }) => [key, JSON.stringify([op, value])]))
  if (told.size !== step.patches.length || records.length !== told.size) return false
  return step.patches.every(
    ({ Op, Key, Value }) => told.get(Key) === JSON.stringify([Op, Op === 'remove' ? null : (Value ?? '')]),
  )
}
