import type { AppEdit, DeviceView, LogEntry, Violation } from '../history.js'

const valueText = (value: string | null): string => (value === null ? 'a removal' : JSON.stringify(value))

/** Edits of one key on one device, oldest first; only the last of them has to be somewhere. */
function lastOfEachKey(edits: readonly AppEdit[]): AppEdit[] {
  const last = new Map<string, AppEdit>()
  for (const edit of edits) if (!edit.failed) last.set(`${edit.device}\n${edit.dataset}\n${edit.key}`, edit)
  return [...last.values()].filter(({ isIdle }) => !isIdle())
}

export type WrittenValues = Readonly<{
  /** True when this value, or removal, of the key is or was in the server's log, backups' losses included. */
  has(identity: string, dataset: string, key: string, value: string | null): boolean
}>

export function writtenValues(entries: readonly LogEntry[]): WrittenValues {
  const written = new Set<string>()
  const nameOf = (identity: string, dataset: string, key: string, value: string | null) =>
    JSON.stringify([identity, dataset, key, value])
  const keysOf = new Map<string, Set<string>>()
  for (const entry of entries) {
    if (entry.kind === 'collected') continue
    const { identity, dataset } = entry
    const keys = keysOf.get(`${identity}\n${dataset}`) ?? new Set<string>()
    keysOf.set(`${identity}\n${dataset}`, keys)
    if (entry.kind === 'delete') for (const key of keys) written.add(nameOf(identity, dataset, key, null))
    for (const patch of entry.patches) {
      keys.add(patch.key)
      written.add(nameOf(identity, dataset, patch.key, patch.op === 'replace' ? patch.value : null))
    }
  }
  return {
    has: (identity, dataset, key, value) => {
      // To remove what nobody knows is done without a word to the server.
      if (value === null && keysOf.get(`${identity}\n${dataset}`)?.has(key) !== true) return true
      return written.has(nameOf(identity, dataset, key, value))
    },
  }
}

/**
 * Every saved edit is, on its device, still pending, parked or in conflict; or in the server's log; or replaced by a
 * later edit of the key on the device; or the app decided over it (I2). `views` are of one moment, and so is `written`.
 */
export function checkSaved(
  edits: readonly AppEdit[],
  views: readonly DeviceView[],
  written: WrittenValues,
): readonly Violation[] {
  const waiting = new Set<string>()
  for (const view of views) {
    for (const { dataset, pending, parked, conflicts } of view.datasets) {
      const values = [...pending, ...parked, ...conflicts.map(({ key, local }) => ({ key, value: local }))]
      for (const { key, value } of values) waiting.add(JSON.stringify([view.device, dataset, key, value]))
    }
  }
  const viewed = new Set(views.map(({ device }) => device))
  return lastOfEachKey(edits)
    .filter((edit) => edit.saved && !edit.storageLost && !edit.overruled() && viewed.has(edit.device))
    .filter(({ device, dataset, key, value }) => !waiting.has(JSON.stringify([device, dataset, key, value])))
    .filter(
      ({ identities, dataset, key, value }) =>
        !identities().some((identity) => written.has(identity, dataset, key, value)),
    )
    .map(({ id, device, dataset, key, value }) => ({
      checker: 'saved',
      message: `edit ${id} of ${device}, ${dataset}/${JSON.stringify(key)} = ${valueText(value)}, was saved and is nowhere`,
    }))
}

/** What an app was told of its writes is so: accepted ones are in the log, or a later edit of the key took their place. */
export function checkOutcomes(edits: readonly AppEdit[], written: WrittenValues): readonly Violation[] {
  const last = new Set(lastOfEachKey(edits))
  return edits
    .filter((edit) => edit.outcome?.kind === 'accepted' && last.has(edit) && !edit.overruled())
    .filter(
      ({ identities, dataset, key, value }) =>
        !identities().some((identity) => written.has(identity, dataset, key, value)),
    )
    .map(({ id, device, dataset, key, value }) => ({
      checker: 'accepted',
      message: `edit ${id} of ${device}, ${dataset}/${JSON.stringify(key)} = ${valueText(value)}, was called accepted and was never written`,
    }))
}
