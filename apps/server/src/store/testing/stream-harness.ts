import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AWS_LIMITS, type Batch, type DatasetPath, type IdentityId, type IdentityPoolId } from '@satchel/protocol'
import { Keyring } from '../../access/keyring.js'
import { recordsLinkKey } from '../../access/records-link.js'
import type { DatasetWrite, WriteOutcome } from '../../domain/dataset-write.js'
import type { PlacedOutboxRow } from '../../domain/outbox-row.js'
import type { StreamTarget } from '../../domain/stream-target.js'
import { NO_SYNC_SETTINGS } from '../../domain/sync-settings.js'
import { IDENTITY, OTHER_IDENTITY, OTHER_POOL, path, POOL, replace } from '../../domain/testing/a-dataset.js'
import { memoryStores } from '../memory/memory-stores.js'
import type { StreamStorage } from '../stream-storage.js'
import type { Stores } from '../stores.js'
import { openSqliteStores } from '../typeorm/open-sqlite-stores.js'
import { aPool } from './a-pool.js'

/** Links live for a second. */
export const STREAMS: StreamStorage = {
  relay: true,
  linkKey: recordsLinkKey(new Keyring([Buffer.alloc(32, 1)]), 1_000),
  publicUrl: () => 'https://satchel.example',
}

export type OpenStreamStores = (streams?: Partial<StreamStorage>) => Promise<StreamHarness>

export const inMemory: OpenStreamStores = (streams = {}) =>
  StreamHarness.over(memoryStores(undefined, { ...STREAMS, ...streams }))

/** On a real file, removed at close. */
export const inSqlite: OpenStreamStores = (streams = {}) =>
  inSqliteDirectory(mkdtempSync(join(tmpdir(), 'satchel-stream-')), streams)

/** On whatever is in a directory, removed at close. */
export async function inSqliteDirectory(
  directory: string,
  streams: Partial<StreamStorage> = {},
): Promise<StreamHarness> {
  const stores = await openSqliteStores(join(directory, 'satchel.db'), { ...STREAMS, ...streams })
  return StreamHarness.over(stores, () => rmSync(directory, { recursive: true }))
}

export const aTarget = (over: Partial<StreamTarget> = {}): StreamTarget => ({
  streamName: 'changes',
  partitions: 12,
  begun: 1,
  payloadBytesMax: 900_000,
  ...over,
})

/** All stores, with two pools of one guest each in them, and what a suite about the stream does again and again. */
export class StreamHarness {
  private batches = 0

  private constructor(
    readonly stores: Stores,
    private readonly closed: () => void,
  ) {}

  static async over(stores: Stores, closed: () => void = () => {}): Promise<StreamHarness> {
    const harness = new StreamHarness(stores, closed)
    await stores.pools.create(aPool(1))
    await stores.pools.create(aPool(2))
    await harness.addIdentity(IDENTITY)
    await harness.addIdentity(OTHER_IDENTITY, OTHER_POOL)
    return harness
  }

  async addIdentity(identity: IdentityId, pool = POOL): Promise<void> {
    await this.stores.identities.createGuest({ identity, pool, at: 1 })
  }

  /** Enables the stream of a pool; null turns it off. */
  async setTarget(target: StreamTarget | null, pool: IdentityPoolId = POOL): Promise<void> {
    await this.stores.pools.changeSyncSettings(pool, () => ({
      ...NO_SYNC_SETTINGS,
      cognitoStreams: {
        streamName: target?.streamName ?? 'changes',
        roleArn: 'arn:aws:iam::000000000000:role/streams',
        streamingStatus: target === null ? 'DISABLED' : 'ENABLED',
        disabledReason: null,
        target,
      },
    }))
  }

  update(batch: Batch, where: DatasetPath = path(), at = 1_000): DatasetWrite {
    const origin = { id: `s${this.batches++}`, number: 0, hash: 'h' }
    return { kind: 'update', path: where, batch, origin, device: null, at, by: 'me' }
  }

  commit(writes: readonly DatasetWrite[]): Promise<readonly WriteOutcome[]> {
    return this.stores.datasets.commit(writes, AWS_LIMITS)
  }

  /** Writes so many updates of one key, one group each. */
  async write(times: number, where: DatasetPath = path(), from = 0): Promise<void> {
    for (let base = from; base < from + times; base++) {
      await this.commit([this.update([replace('a', `v${base}`, base)], where, 1_000 + base)])
    }
  }

  /** Everything in the outbox. */
  rows(): Promise<readonly PlacedOutboxRow[]> {
    return this.stores.changeLog.rows({ after: 0, limit: 10_000 })
  }

  async close(): Promise<void> {
    await this.stores.close()
    this.closed()
  }
}
