import { DatasetHistory } from '../dataset-history.js'
import { eventually } from '../eventually.js'
import type { Answer } from '../http-exchange.js'
import type { Seeded } from '../seeded.js'
import type { Credentials } from '../sign-request.js'
import { remove, replace, WireClient, WireDevice, type Listing, type Patch } from '../wire-client.js'

/** A server that is killed is back within this time. */
const ANSWER_MS_MAX = 60_000
const KEYS = 5

/** Where requests go; changes when the server is started anew. */
export type Address = Readonly<{ url: string }>

export type WriterOptions = Readonly<{
  pool: string
  identity: string
  credentials: Credentials
  dataset: string
  chance: Seeded
  /** Between two changes, milliseconds at most; 0 for none. */
  restMs: number
  /** The value of a record; a short one unless it is said otherwise. */
  value?: (chance: Seeded) => string
  /**
   * False where a request may be carried out long after its answer was given up, by a server that was stopped: a deletion, unlike an update, cannot be told
   * from another one.
   */
  deletes?: boolean
}>

/**
 * The only writer of a dataset: updates, removals of records, the dataset's deletion and its return, signed and sent in plain HTTP. What is not
 * answered is sent again under the same token until it is, so that the history knows of every change there is.
 */
export class DatasetWriter {
  readonly history = new DatasetHistory()
  /** When each change was answered, milliseconds of `performance.now()`, by count - 1. */
  readonly answeredAt: number[] = []
  /** Requests whose answer was lost, and that were sent again. */
  lost = 0
  private going = true
  private exists = false

  constructor(
    private readonly server: Address,
    private readonly options: WriterOptions,
  ) {}

  get identity(): string {
    return this.options.identity
  }

  get dataset(): string {
    return this.options.dataset
  }

  /** Writes until {@link stop}; rejects when something is refused that should not be. */
  async run(): Promise<void> {
    const { chance, restMs, deletes = true } = this.options
    while (this.going) {
      if (this.exists && deletes && chance.next() < 0.05) await this.delete()
      else await this.update()
      if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, chance.from(0, restMs)))
    }
  }

  /** What is under way still ends. */
  stop(): void {
    this.going = false
  }

  private async update(): Promise<void> {
    const listing = (await this.answered((device) => device.listRaw(this.dataset))).json() as unknown as Listing
    const patches = this.patches(listing)
    const answer = await this.answered((device) => device.updateRaw(this.dataset, listing.SyncSessionToken, patches))
    const counts = (answer.json() as { Records: { SyncCount: number }[] }).Records.map(({ SyncCount }) => SyncCount)
    if (new Set(counts).size !== 1) throw new Error(`one update was answered with the counts ${counts.join()}`)
    this.history.accepted(counts[0]!, patches)
    this.exists = true
    this.answeredAt[counts[0]! - 1] = performance.now()
  }

  private patches({ Records }: Listing): readonly Patch[] {
    const { chance, value = shortText } = this.options
    const held = new Map(Records.map((record) => [record.Key, record]))
    const keys = new Set(Array.from({ length: chance.from(1, 3) }, () => `key-${chance.from(1, KEYS)}`))
    return [...keys].map((key) => {
      const record = held.get(key)
      if (record?.Value !== undefined && chance.next() < 0.2) return remove(key, record.SyncCount)
      return replace(key, value(chance), record?.SyncCount ?? 0)
    })
  }

  /** An answer that is lost leaves two possibilities, and only this writer could have deleted or made it. */
  private async delete(): Promise<void> {
    const lostBefore = this.lost
    await this.answered(async (device) => {
      const answer = await device.deleteRaw(this.dataset)
      const wasDoneBefore = answer.status === 404 && this.lost > lostBefore
      return wasDoneBefore ? { ...answer, status: 200 } : answer
    })
    const count = this.history.lastCount + 1
    this.history.deleted(count)
    this.exists = false
    this.answeredAt[count - 1] = performance.now()
  }

  /** Tries for as long as the server is away or starts. */
  private async answered(ask: (device: WireDevice) => Promise<Answer>): Promise<Answer> {
    const answer = await eventually(async () => {
      const { pool, identity, credentials } = this.options
      const device = new WireDevice(new WireClient(this.server.url, credentials), { pool, identity })
      try {
        const given = await ask(device)
        if (given.status === 503 || given.status === 429) throw new Error(`answered ${given.status}: ${given.text}`)
        return given
      } catch (fault) {
        this.lost++
        throw fault
      }
    }, ANSWER_MS_MAX)
    if (answer.status !== 200)
      throw new Error(`${this.dataset} was answered ${answer.status}: ${answer.text.slice(0, 300)}`)
    return answer
  }
}

const shortText = (chance: Seeded): string => `${chance.next()}`.repeat(chance.from(0, 10))
