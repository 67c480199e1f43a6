import {
  NEVER_SYNCED,
  type Batch,
  type DatasetName,
  type DatasetPath,
  type DeviceId,
  type IdentityId,
  type IdentityPoolId,
  type Limits,
  type RecordKey,
  type SyncCount,
  type SyncRecord,
} from '@satchel/protocol'
import type { Seal } from '../access/seal.js'
import { standingOf } from '../domain/changes-since.js'
import type { Dataset } from '../domain/dataset.js'
import type { ExceededLimit, Usage } from '../domain/usage.js'
import type { Clock } from '../runtime/clock.js'
import type { DatasetStore, PoolUsage } from '../store/dataset-store.js'
import { RecordPages } from './record-pages.js'
import type { SessionCount } from './session-count.js'
import { hashOfBatch, type SyncSessions } from './sync-session.js'
import type { WriteQueue } from './write-queue.js'

export type ListRecordsRequest = Readonly<{
  since: SyncCount
  /** null for a page that holds a whole dataset. */
  limit: number | null
  nextToken: string | null
  sessionToken: string | null
}>

export type RecordListing =
  | Readonly<{
      kind: 'listed'
      records: readonly SyncRecord[]
      exists: boolean
      syncCount: SyncCount
      deletedSince: boolean
      mergedNames: readonly DatasetName[]
      modifiedBy: string | null
      sessionToken: string
      nextToken: string | null
    }>
  | Readonly<{ kind: 'no-such-count'; since: SyncCount }>
  | Readonly<{ kind: 'bad-session-token' | 'session-spent' | 'bad-next-token' }>

export type UpdateAnswer =
  | Readonly<{ kind: 'accepted'; written: readonly SyncRecord[] }>
  | Readonly<{ kind: 'stale'; key: RecordKey; held: SyncCount; base: SyncCount }>
  | Readonly<{ kind: 'over-limit'; exceeded: ExceededLimit }>
  | Readonly<{ kind: 'bad-session-token' | 'session-spent' | 'no-identity' }>

export type DeleteAnswer =
  Readonly<{ kind: 'deleted'; before: Dataset }> | Readonly<{ kind: 'missing' | 'no-identity' }>

export type DatasetsListing =
  | Readonly<{ kind: 'listed'; datasets: readonly Dataset[]; nextToken: string | null }>
  | Readonly<{ kind: 'bad-next-token' }>

export type IdentityPath = Readonly<{ pool: IdentityPoolId; identity: IdentityId }>

/** Tombstones that a page has room for beside every live record. */
const TOMBSTONES_PER_PAGE_MAX = 15_360

/** The sync store's operations, the same for every face. Who may call them was decided before (see `access/`). */
export class Datasets {
  private readonly pages: RecordPages

  constructor(
    private readonly deps: Readonly<{
      store: DatasetStore
      writes: WriteQueue
      sessions: SyncSessions
      opened: SessionCount
      seal: Seal
      clock: Clock
      limits: Limits
    }>,
  ) {
    this.pages = new RecordPages(deps)
  }

  /**
   * Records in a page at most, and when the caller names no limit: a whole dataset and a great many tombstones, because
   * an old client reads one page and never asks for the next (SPEC R4).
   */
  get recordsPerPageMax(): number {
    return this.deps.limits.recordsPerDatasetMax + TOMBSTONES_PER_PAGE_MAX
  }

  /**
   * What changed in a dataset since a count, tombstones included, in one snapshot over all its pages, with a
   * token for the update that follows.
   */
  async listRecords(path: DatasetPath, request: ListRecordsRequest): Promise<RecordListing> {
    const session = await this.sessionFor(path, request.sessionToken)
    if (session.kind !== 'open') return session
    const page = request.nextToken === null ? null : this.pages.open(path, request.nextToken)
    if (page === null && request.nextToken !== null) return { kind: 'bad-next-token' }

    const since = page?.since ?? request.since
    const limit = Math.min(request.limit ?? this.recordsPerPageMax, this.recordsPerPageMax)
    const listing =
      page === null ? await this.pages.first(path, since, limit) : await this.pages.after(path, page, limit)
    const standing = standingOf(listing.dataset, since)
    if (standing.kind === 'no-such-count') return standing
    // A dataset deleted between two pages is news to a reader that began with nothing, too.
    const shown = page === null ? standing : standingOf(listing.dataset, page.after.syncCount)
    const deletedSince = standing.deletedSince || (shown.kind === 'listed' && shown.deletedSince)

    return {
      kind: 'listed',
      records: standing.exists ? listing.records : [],
      exists: standing.exists,
      syncCount: standing.exists ? listing.through : NEVER_SYNCED,
      deletedSince,
      mergedNames: listing.mergedNames,
      modifiedBy: standing.exists ? listing.dataset.modifiedBy : null,
      sessionToken: session.token,
      nextToken: standing.exists ? this.pages.next(path, since, listing) : null,
    }
  }

  /** Judges and stores one batch; resolves once the commit is durable. `by` is recorded as the last writer. */
  async update(
    path: DatasetPath,
    {
      batch,
      sessionToken,
      device,
      by,
    }: Readonly<{ batch: Batch; sessionToken: string; device: DeviceId | null; by: string }>,
  ): Promise<UpdateAnswer> {
    const { sessions, writes, clock } = this.deps
    const id = sessions.idOf(path, sessionToken)
    if (id === null) return { kind: 'bad-session-token' }
    const origin = { id, number: 0, hash: hashOfBatch(batch, device) }
    const outcome = await writes.submit({ kind: 'update', path, batch, origin, device: null, at: clock.now(), by })
    switch (outcome.kind) {
      case 'accepted':
      case 'repeated':
        return { kind: 'accepted', written: outcome.written }
      case 'stale':
      case 'over-limit':
      case 'session-spent':
      case 'no-identity':
        return outcome
      case 'number-used':
      case 'deleted':
      case 'missing':
        throw new Error(`an update of dataset "${path.dataset}" was judged as ${outcome.kind}`)
    }
  }

  /** Deletes a dataset and answers what it was. */
  async delete(path: DatasetPath, by: string): Promise<DeleteAnswer> {
    const outcome = await this.deps.writes.submit({ kind: 'delete', path, at: this.deps.clock.now(), by })
    switch (outcome.kind) {
      case 'deleted':
        return { kind: 'deleted', before: outcome.before }
      case 'missing':
      case 'no-identity':
        return outcome
      case 'accepted':
      case 'repeated':
      case 'stale':
      case 'over-limit':
      case 'session-spent':
      case 'number-used':
        throw new Error(`a deletion of dataset "${path.dataset}" was judged as ${outcome.kind}`)
    }
  }

  /** A dataset, or null where there is none. */
  async describe(path: DatasetPath): Promise<Dataset | null> {
    const dataset = await this.deps.store.read(path)
    return dataset.exists ? dataset : null
  }

  /** Existing datasets of an identity by name. */
  async list(
    { pool, identity }: IdentityPath,
    request: Readonly<{ limit: number; nextToken: string | null }>,
  ): Promise<DatasetsListing> {
    const context = ['datasets', pool, identity]
    const after = request.nextToken === null ? '' : this.deps.seal.open('page', context, request.nextToken)
    if (after === null) return { kind: 'bad-next-token' }
    const found = await this.deps.store.listDatasets(identity, { after, limit: request.limit + 1 })
    const datasets = found.slice(0, request.limit)
    const last = datasets.at(-1)
    const goesOn = found.length > request.limit && last !== undefined
    return { kind: 'listed', datasets, nextToken: goesOn ? this.deps.seal.close('page', context, last.name) : null }
  }

  /** What an identity's datasets hold. */
  identityUsage({ identity }: IdentityPath): Promise<Readonly<{ usage: Usage; modifiedAt: number }>> {
    return this.deps.store.identityUsage(identity)
  }

  /** What a pool's identities hold, and how many sync sessions they opened. */
  async poolUsage(pool: IdentityPoolId): Promise<PoolUsage> {
    const stored = await this.deps.store.poolUsage(pool)
    return { ...stored, syncSessions: stored.syncSessions + this.deps.opened.pending(pool) }
  }

  private async sessionFor(
    path: DatasetPath,
    token: string | null,
  ): Promise<Readonly<{ kind: 'open'; token: string }> | Readonly<{ kind: 'bad-session-token' | 'session-spent' }>> {
    if (token === null) {
      this.deps.opened.add(path.pool)
      return { kind: 'open', token: this.deps.sessions.open(path) }
    }
    const id = this.deps.sessions.idOf(path, token)
    if (id === null) return { kind: 'bad-session-token' }
    return (await this.deps.store.hasMarker(path.identity, id)) ? { kind: 'session-spent' } : { kind: 'open', token }
  }
}
