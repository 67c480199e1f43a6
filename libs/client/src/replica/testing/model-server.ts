import type { BatchOutcome, Changes, DeviceId, NumberedBatch, RecordKey, SyncRecord } from '@satchel/protocol'
import type { DatasetStanding } from '../replica.js'
import { changes, counted, record, snapshot } from './entries.js'

type Saved = Readonly<{ epoch: number; exists: boolean; count: number; records: ReadonlyMap<RecordKey, SyncRecord> }>

/** One dataset as the simplest possible server keeps it, to have answers that a real one might give. */
export class ModelServer {
  private state: Saved = { epoch: 0, exists: false, count: 0, records: new Map() }
  private deletedAt = 0
  private readonly taken = new Map<string, number>()

  save(): Saved {
    return this.state
  }

  /** Back from a backup, as another history. */
  restore(saved: Saved): void {
    this.state = { ...saved, epoch: this.state.epoch + 1 }
    this.taken.clear()
  }

  write(key: RecordKey, value: string | null, by = 'other'): void {
    this.commit([record(key, value, this.state.count + 1, by)])
  }

  delete(): void {
    if (!this.state.exists) return
    this.state = { ...this.state, exists: false, count: this.state.count + 1, records: new Map() }
    this.deletedAt = this.state.count
  }

  judge(device: DeviceId, { number, patches }: NumberedBatch): BatchOutcome {
    const taken = this.taken.get(`${device} ${number}`)
    if (taken !== undefined) return { outcome: 'accepted', syncCount: counted(taken), at: 1_000 + taken, by: device }
    for (const { key, base } of patches) {
      const held = this.state.records.get(key)?.syncCount ?? counted(0)
      if (held !== base) return { outcome: 'conflict', key, held, base }
    }
    const count = this.state.count + 1
    this.commit(
      patches.map(({ key, ...patch }) => record(key, patch.op === 'replace' ? patch.value : null, count, device)),
    )
    this.taken.set(`${device} ${number}`, count)
    return { outcome: 'accepted', syncCount: counted(count), at: 1_000 + count, by: device }
  }

  changesSince({ epoch, since }: DatasetStanding): Changes {
    const { exists, count, records } = this.state
    const all = [...records.values()].sort((a, b) => a.syncCount - b.syncCount)
    const told = { epoch: this.state.epoch, exists }
    const continues = epoch === told.epoch && since > 0 && since <= count && since >= this.deletedAt
    if (!exists) return changes(count, [], told)
    if (!continues) return snapshot(count, all, told)
    return changes(
      count,
      all.filter(({ syncCount }) => syncCount > since),
      told,
    )
  }

  private commit(written: readonly SyncRecord[]): void {
    const { exists, epoch, count, records } = this.state
    const kept = new Map(records)
    for (const one of written) kept.set(one.key, one)
    this.state = { exists: true, epoch: exists ? epoch : epoch + 1, count: count + 1, records: kept }
  }
}
