import 'reflect-metadata'
import { bulkPublishStoreContract } from './bulk-publish-store.contract.js'
import { changeLogContract } from './change-log.contract.js'
import { leaseStoreContract } from './lease-store.contract.js'
import { outboxStoreContract } from './outbox-store.contract.js'
import { streamedWritesContract } from './dataset-store.streamed-writes.contract.js'
import { inMemory, inSqlite } from './testing/stream-harness.js'

describe.each([
  ['memory', inMemory],
  ['SQLite', inSqlite],
])('stores of the change stream in %s', (_, open) => {
  describe('streamed writes', () => streamedWritesContract(open))
  describe('outbox', () => outboxStoreContract(open))
  describe('leases', () => leaseStoreContract(open))
  describe('bulk publishes', () => bulkPublishStoreContract(open))
  describe('change log', () => changeLogContract(open))
})
