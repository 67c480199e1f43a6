import type { AppEdit, DeviceView, LogEntry, Violation } from '../history.js'

const valueText = (value: string | null): string => (value === null ? 'a removal' : JSON.stringify(value))

/** What has to be somewhere of all edits of one key on one device. */
type Newest = {
  /**
   * The last one that was saved: between tabs the order of the journal counts, not the order of the calls. One tab's own calls are in
   * order, also where it has gone on in another store meanwhile and saves the end of the one before last.
   */
  last: AppEdit | null
  /** Those that were not called saved, of which any may have been kept all the same, and replaced it. */
  readonly unsure: AppEdit[]
}

function newestOfEachKey(edits: readonly AppEdit[]): Newest[] {
  const byKey = new Map<string, Newest>()
  for (const edit of edits) {
    if (edit.failed) continue
    const name = JSON.stringify([edit.device, edit.dataset, edit.key])
    const newest = byKey.get(name) ?? { last: null, unsure: [] }
    byKey.set(name, newest)
    if (!edit.saved) newest.unsure.push(edit)
    else if (newest.last === null || isAfter(edit, newest.last)) newest.last = edit
  }
  return [...byKey.values()]
}

const isAfter = (edit: AppEdit, other: AppEdit): boolean =>
  edit.tab === other.tab ? edit.id > other.id : edit.savedOrder > other.savedOrder

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
  const isSomewhere = (edit: AppEdit): boolean => {
    const { device, dataset, key, value } = edit
    if (edit.storageLost || edit.overruled() || edit.isIdle()) return true
    // What a guest has comes along to a user; what a guest removed was the guest's, and takes nothing from the user.
    if (value === null && edit.identities().length > 1) return true
    return waiting.has(JSON.stringify([device, dataset, key, value])) || isWritten(edit, written)
  }
  return newestOfEachKey(edits)
    .filter(({ last, unsure }) => last !== null && viewed.has(last.device) && ![last, ...unsure].some(isSomewhere))
    .map(({ last }) => ({ checker: 'saved', message: `${described(last!)} was saved and is nowhere` }))
}

/** What an app was told of its writes is so: accepted ones are in the log, or a later edit of the key took their place. */
export function checkOutcomes(edits: readonly AppEdit[], written: WrittenValues): readonly Violation[] {
  return newestOfEachKey(edits)
    .filter(({ last }) => last?.outcome?.kind === 'accepted' && !last.overruled() && !last.isIdle())
    .filter(({ last, unsure }) => ![last!, ...unsure].some((edit) => isWritten(edit, written)))
    .map(({ last }) => ({
      checker: 'accepted',
      message: `${described(last!)} was called accepted and was never written`,
    }))
}

const isWritten = ({ identities, dataset, key, value }: AppEdit, written: WrittenValues): boolean =>
  identities().some((identity) => written.has(identity, dataset, key, value))

const described = ({ id, device, dataset, key, value }: AppEdit): string =>
  `edit ${id} of ${device}, ${dataset}/${JSON.stringify(key)} = ${valueText(value)},`
