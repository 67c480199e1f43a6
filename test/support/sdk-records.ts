import type { UpdateRecordsCommandInput } from '@aws-sdk/client-cognito-sync'
import { datasetOf, type Somebody } from './a-pool.js'

type Patches = NonNullable<UpdateRecordsCommandInput['RecordPatches']>

/** Lists for a token and writes, by the SDK; the dataset is "settings" where none is named. */
export async function write({ sync, ...somebody }: Somebody, RecordPatches: Patches, name?: string) {
  const path = datasetOf(somebody, name)
  const { SyncSessionToken } = await sync.listRecords(path)
  return sync.updateRecords({ ...path, SyncSessionToken, RecordPatches })
}

/** A patch that replaces, as the SDK takes it. */
export const put = (Key: string, Value: string, SyncCount = 0) => ({ Op: 'replace', Key, Value, SyncCount }) as const
