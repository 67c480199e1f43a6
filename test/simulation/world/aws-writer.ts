import type { DatasetName, DatasetPath, IdentityId, RecordKey, RecordPatch, SyncCount } from '@satchel/protocol'
import { Refusal } from '../../../apps/server/src/refusal.js'
import type { Chance } from './chance.js'
import { POOL } from './pool.js'
import type { SimServer } from './sim-server.js'

/** A device on the AWS face: lists, edits, updates, and sends the very same again when its answer is lost. */
export class AwsWriter {
  constructor(
    readonly name: string,
    private readonly server: SimServer,
    private readonly identity: IdentityId,
    private readonly chance: Chance,
    private readonly trace: (text: string) => void,
  ) {}

  /** Writes values over whatever is there; resolves when it has done so or given up. */
  async write(dataset: string, values: ReadonlyMap<string, string | null>): Promise<void> {
    const path = this.path(dataset)
    for (let round = 0; round < 3 && this.server.isUp; round++) {
      const outcome = await this.attempt(path, values)
      this.trace(`${this.name} ${dataset} ${outcome}`)
      if (outcome !== 'stale') return
    }
  }

  async deleteDataset(dataset: string): Promise<boolean> {
    if (!this.server.isUp) return false
    const answer = await settledBy(this.server.services.datasets.delete(this.path(dataset), this.name))
    this.trace(`${this.name} deletes ${dataset}: ${answer?.kind ?? 'failed'}`)
    return answer?.kind === 'deleted'
  }

  private async attempt(path: DatasetPath, values: ReadonlyMap<string, string | null>): Promise<string> {
    const { datasets } = this.server.services
    const listed = await settledBy(
      datasets.listRecords(path, { since: 0 as SyncCount, limit: null, nextToken: null, sessionToken: null }),
    )
    if (listed?.kind !== 'listed') return listed?.kind ?? 'failed'
    const counts = new Map(listed.records.map(({ key, syncCount }) => [key as string, syncCount]))
    const batch = [...values].map(([key, value]): RecordPatch => {
      const common = { key: key as RecordKey, base: counts.get(key) ?? (0 as SyncCount), deviceModifiedAt: null }
      return value === null ? { op: 'remove', ...common } : { op: 'replace', value, ...common }
    })
    const update = { batch, sessionToken: listed.sessionToken, device: null, by: this.name }
    const times = this.chance.hit(0.2) ? 2 : 1
    let outcome = 'failed'
    for (let time = 0; time < times && this.server.isUp; time++) {
      outcome = (await settledBy(this.server.services.datasets.update(path, update)))?.kind ?? 'failed'
    }
    return outcome
  }

  private path(dataset: string): DatasetPath {
    return { pool: POOL, identity: this.identity, dataset: dataset as DatasetName }
  }
}

/** What was answered, or null where the server refused for now. */
async function settledBy<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (fault) {
    if (fault instanceof Refusal) return null
    throw fault
  }
}
