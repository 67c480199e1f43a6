import 'reflect-metadata'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import { streamStoresContract } from '../../stream-stores.contract.js'
import { datasetStoreContract } from '../../dataset-store.contract.js'
import { identityStoresContract } from '../../identity-stores.contract.js'
import { afterNextPostgres, nextPostgres } from '../testing/next-release.js'
import { emptyDatabase, openDatabase } from '../../testing/postgres-databases.js'
import { postgresHarnessOn } from '../../testing/postgres-harness.js'
import { inPostgres, postgresIdentityStores } from '../../testing/postgres-stores.js'
import type { Release } from '../release.js'

describeWithPostgres('PostgreSQL as the next minor version leaves it', (postgres) => {
  describe.each([
    ['whole tables', 0],
    ['tables divided by identity', 8],
  ])('in %s', (_, partitions) => {
    const next = nextPostgres(partitions)
    describe('datasets', () =>
      datasetStoreContract(async () => postgresHarnessOn(await emptyDatabase(postgres(), partitions, next))))
    const identityStores = () => postgresIdentityStores(postgres(), partitions, next)
    const streamStores = inPostgres(postgres, partitions, next)
    identityStoresContract(identityStores)
    streamStoresContract(streamStores)
  })

  const openBy = async (url: string, release?: Release): Promise<readonly string[]> => {
    const said: string[] = []
    const say = (sentence: string) => said.push(sentence)
    await (await openDatabase(url, { say, ...(release && { release }) })).close()
    return said
  }

  test('[MV1] it lets this version in, which says so, while the next one goes on', async () => {
    const url = await postgres().createDatabase()
    expect(await openBy(url)).toEqual([])
    const next = await openDatabase(url, { release: nextPostgres() })
    const warning = 'written by a newer version of Satchel, 0.2.0, and may be used by 0.1.0 and newer; this is 0.1.0'
    expect(await openBy(url)).toEqual([expect.stringContaining(warning)])
    await next.close()
  })

  test('[MV1] the version after the next one turns this one away, naming the versions, and lets the next one in', async () => {
    const url = await postgres().createDatabase()
    expect(await openBy(url, afterNextPostgres())).toEqual([])
    await expect(openBy(url)).rejects.toThrow(
      /written by a newer version of Satchel, 0\.3\.0, and may be used by 0\.2\.0 and newer; this is 0\.1\.0/,
    )
    expect(await openBy(url, nextPostgres())).toEqual([expect.stringContaining('this is 0.2.0')])
    await expect(openBy(url)).rejects.toThrow('may be used by 0.2.0 and newer')
  })
})
