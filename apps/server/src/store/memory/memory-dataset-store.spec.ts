import { datasetStoreContract } from '../dataset-store.contract.js'
import { memoryHarness } from '../testing/memory-harness.js'

describe('datasets in memory', () => {
  datasetStoreContract(() => Promise.resolve(memoryHarness()))
})
