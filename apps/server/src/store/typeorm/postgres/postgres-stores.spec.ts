import 'reflect-metadata'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import { bulkPublishStoreContract } from '../../bulk-publish-store.contract.js'
import { changeLogContract } from '../../change-log.contract.js'
import { identityStoreContract } from '../../identity-store.contract.js'
import { leaseStoreContract } from '../../lease-store.contract.js'
import { outboxStoreContract } from '../../outbox-store.contract.js'
import { streamedWritesContract } from '../../dataset-store.streamed-writes.contract.js'
import { poolStoreContract } from '../../pool-store.contract.js'
import { signingKeyStoreContract } from '../../signing-key-store.contract.js'
import { inPostgres, postgresIdentityStores } from '../../testing/postgres-stores.js'

describeWithPostgres('stores in PostgreSQL', (postgres) => {
  describe.each([
    ['whole tables', 0],
    ['tables divided by identity', 8],
  ])('in %s', (_, partitions) => {
    const identityStores = () => postgresIdentityStores(postgres(), partitions)
    const streamStores = inPostgres(postgres, partitions)
    describe('pools', () => poolStoreContract(identityStores))
    describe('identities', () => identityStoreContract(identityStores))
    describe('signing keys', () => signingKeyStoreContract(identityStores))
    describe('streamed writes', () => streamedWritesContract(streamStores))
    describe('outbox', () => outboxStoreContract(streamStores))
    describe('leases', () => leaseStoreContract(streamStores))
    describe('bulk publishes', () => bulkPublishStoreContract(streamStores))
    describe('change log', () => changeLogContract(streamStores))
  })
})
