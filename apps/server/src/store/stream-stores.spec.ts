import 'reflect-metadata'
import { streamStoresContract } from './stream-stores.contract.js'
import { inMemory, inSqlite } from './testing/stream-harness.js'

describe.each([
  ['memory', inMemory],
  ['SQLite', inSqlite],
])('stores of the change stream in %s', (_, open) => {
  streamStoresContract(open)
})
