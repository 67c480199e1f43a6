import 'reflect-metadata'
import { datasetStoreContract } from '../dataset-store.contract.js'
import { sqliteHarness } from '../testing/sqlite-harness.js'

describe('datasets in SQLite', () => {
  datasetStoreContract(() => sqliteHarness())
})
