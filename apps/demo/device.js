/**
 * What one device keeps of one dataset, and how it syncs: plain functions over plain data, which never change
 * their arguments.
 *
 * A state is { syncCount, records, conflicts }:
 *   syncCount  the dataset's count up to which this device has seen everything
 *   records    Map from key to { value, syncCount, pending }; a null value is a removed record
 *   conflicts  Map from key to what the server holds instead: { value, syncCount }
 */

export const newDevice = () => ({ syncCount: 0, records: new Map(), conflicts: new Map() })

/** The state after an edit made here; null removes. It waits for the next sync. */
export function edit(state, key, value) {
  const held = state.records.get(key)
  if (held?.value === value) return state
  // Typing what the server holds settles a conflict.
  if (state.conflicts.get(key)?.value === value) return resolve(state, key, 'remote')
  return withRecord(state, key, { value, syncCount: held?.syncCount ?? 0, pending: true })
}

/**
 * The state after the server told what changed. A record that was edited here and there, differently, becomes a
 * conflict and keeps the local value; everything else is taken over.
 */
export function pulled(state, page) {
  const records = new Map(state.records)
  const conflicts = new Map(state.conflicts)
  for (const { Key: key, Value, SyncCount: syncCount } of page.records) {
    const value = Value ?? null
    const held = records.get(key)
    const differs = held !== undefined && waits(held) && held.value !== value
    if (differs) conflicts.set(key, { value, syncCount })
    else {
      records.set(key, { value, syncCount, pending: false })
      conflicts.delete(key)
    }
  }
  return { syncCount: page.syncCount, records, conflicts }
}

/** What this device has to tell the server; what is in conflict waits for somebody to choose. */
export function patchesOf(state) {
  return [...state.records]
    .filter(([key, record]) => waits(record) && !state.conflicts.has(key))
    .map(([Key, { value, syncCount }]) =>
      value === null
        ? { Op: 'remove', Key, SyncCount: syncCount }
        : { Op: 'replace', Key, Value: value, SyncCount: syncCount },
    )
}

/**
 * The state after the server took `sent`. Edits made meanwhile stay pending, on the new count. The device has seen
 * everything up to the new count only if that is the very next one; otherwise somebody wrote in between, and
 * the next pull fetches it.
 */
export function pushed(state, sent, answered) {
  const valuesSent = new Map(sent.map((patch) => [patch.Key, patch.Value ?? null]))
  const records = new Map(state.records)
  for (const { Key: key, Value, SyncCount: syncCount } of answered) {
    const held = records.get(key)
    const editedMeanwhile = held?.pending === true && valuesSent.has(key) && held.value !== valuesSent.get(key)
    if (editedMeanwhile) records.set(key, { ...held, syncCount })
    else records.set(key, { value: Value ?? null, syncCount, pending: false })
  }
  const newest = Math.max(0, ...answered.map((record) => record.SyncCount))
  return { ...state, records, syncCount: newest === state.syncCount + 1 ? newest : state.syncCount }
}

/** Ends a conflict: 'local' sends this device's value with the next sync, 'remote' takes the server's. */
export function resolve(state, key, choice) {
  const remote = state.conflicts.get(key)
  const held = state.records.get(key)
  if (remote === undefined || held === undefined) return state
  const conflicts = new Map(state.conflicts)
  conflicts.delete(key)
  const record =
    choice === 'local'
      ? { ...held, syncCount: remote.syncCount }
      : { value: remote.value, syncCount: remote.syncCount, pending: false }
  return withRecord({ ...state, conflicts }, key, record)
}

/** After the dataset was deleted elsewhere: what was synced is gone, what was never synced stays to be sent. */
export function deletedElsewhere(state) {
  const kept = [...state.records].filter(([, record]) => record.pending && record.value !== null)
  return {
    syncCount: 0,
    records: new Map(kept.map(([key, record]) => [key, { ...record, syncCount: 0 }])),
    conflicts: new Map(),
  }
}

/** Records to show, by key: live ones, and removed ones that the server still has to learn of. */
export const shownRecords = (state) =>
  [...state.records]
    .filter(([, record]) => record.value !== null || waits(record))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, record]) => ({ key, ...record, conflict: state.conflicts.get(key) ?? null }))

export const pendingCount = (state) => [...state.records.values()].filter(waits).length

/** For the browser's storage, and back. */
export const toText = ({ syncCount, records, conflicts }) =>
  JSON.stringify({ syncCount, records: [...records], conflicts: [...conflicts] })

export function fromText(text) {
  const { syncCount, records, conflicts } = JSON.parse(text)
  return { syncCount, records: new Map(records), conflicts: new Map(conflicts) }
}

/** Has something to tell the server. A record that is gone before the server ever saw it has not. */
const waits = ({ value, syncCount, pending }) => pending && (value !== null || syncCount > 0)

const withRecord = (state, key, record) => ({ ...state, records: new Map(state.records).set(key, record) })
