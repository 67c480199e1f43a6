import 'reflect-metadata'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import { datasetStoreContract } from '../../dataset-store.contract.js'
import { postgresHarness } from '../../testing/postgres-harness.js'

describeWithPostgres('datasets in PostgreSQL', (postgres) => {
  describe('in whole tables', () => datasetStoreContract(() => postgresHarness(postgres())))
  describe('in tables divided by identity', () => datasetStoreContract(() => postgresHarness(postgres(), 8)))
})
