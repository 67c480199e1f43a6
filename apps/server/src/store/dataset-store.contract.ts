import { commitContract } from './dataset-store.commits.contract.js'
import { deletionContract } from './dataset-store.deletions.contract.js'
import { listingContract } from './dataset-store.listing.contract.js'
import { markerContract } from './dataset-store.markers.contract.js'
import { usageContract } from './dataset-store.usage.contract.js'
import { freshDatasets } from './testing/fresh-datasets.js'
import type { StoreHarness } from './testing/store-harness.js'

/** What every adapter of {@link DatasetStore} must do. */
export function datasetStoreContract(open: () => Promise<StoreHarness>): void {
  const datasets = freshDatasets(open)
  commitContract(datasets)
  listingContract(datasets)
  markerContract(datasets)
  deletionContract(datasets)
  usageContract(datasets)
}
