import 'reflect-metadata'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import { streamStoresContract } from '../../stream-stores.contract.js'
import { identityStoresContract } from '../../identity-stores.contract.js'
import { inPostgres, postgresIdentityStores } from '../../testing/postgres-stores.js'

describeWithPostgres('stores in PostgreSQL', (postgres) => {
  describe.each([
    ['whole tables', 0],
    ['tables divided by identity', 8],
  ])('in %s', (_, partitions) => {
    const identityStores = () => postgresIdentityStores(postgres(), partitions)
    const streamStores = inPostgres(postgres, partitions)
    identityStoresContract(identityStores)
    streamStoresContract(streamStores)
  })
})
