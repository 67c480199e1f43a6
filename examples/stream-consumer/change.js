const LINK_MS_MAX = 30_000

/** What a message says of a dataset; null for a message that is no change, such as the snapshots of a bulk publish. */
export function changeOf({ value, headers }) {
  if (String(headers?.type) !== 'change' || value === null) return null
  const payload = JSON.parse(value.toString())
  return {
    identity: payload.identityId,
    dataset: payload.datasetName,
    epoch: Number(headers.epoch),
    syncCount: payload.syncCount,
    previousEpoch: Number(headers.previousEpoch),
    previous: Number(headers.previousSyncCount),
    day: new Date(payload.lastModifiedDate).toISOString().slice(0, 10),
    records: payload.kinesisSyncRecords ?? null,
    recordsUrl: payload.kinesisSyncRecordsURL ?? null,
  }
}

/**
 * The change with its records. A large change carries a link to them, which ends with the server's change log: one that has ended leaves
 * them unknown (null). A server that does not answer throws, so that the change is tried again.
 */
export async function withRecords(change) {
  if (change.records !== null || change.recordsUrl === null) return change
  const answer = await fetch(change.recordsUrl, { signal: AbortSignal.timeout(LINK_MS_MAX) })
  if (answer.status >= 500) throw new Error(`the records of ${change.dataset} cannot be had now: ${answer.status}`)
  return { ...change, records: answer.ok ? await answer.json() : null }
}
