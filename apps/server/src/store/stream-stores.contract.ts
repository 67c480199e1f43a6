import { bulkPublishStoreContract } from './bulk-publish-store.contract.js'
import { changeLogContract } from './change-log.contract.js'
import { streamedWritesContract } from './dataset-store.streamed-writes.contract.js'
import { leaseStoreContract } from './lease-store.contract.js'
import { outboxStoreContract } from './outbox-store.contract.js'
import type { OpenStreamStores } from './testing/stream-harness.js'

/** What all stores of the change stream must do, each by its own suite. */
export function streamStoresContract(open: OpenStreamStores): void {
  describe('streamed writes', () => streamedWritesContract(open))
  describe('outbox', () => outboxStoreContract(open))
  describe('leases', () => leaseStoreContract(open))
  describe('bulk publishes', () => bulkPublishStoreContract(open))
  describe('change log', () => changeLogContract(open))
}
