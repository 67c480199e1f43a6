import type { LogEntry, Violation } from '../history.js'

/** An edit as it stands in a device's journal. */
export type JournaledEdit = Readonly<{
  identity: string
  device: string
  dataset: string
  key: string
  value: string | null
  /** The record's count that its tab had seen. */
  base: number
}>

type Row = Readonly<{ count: number; by: string; value: string | null }>

/**
 * No silent overwrite, judged by what the user saw (I5): between the count that an edit was made against and the commit
 * that wrote it, nobody else wrote the key, unless somebody decided the conflict. `writers` are all names under which the
 * edit's device ever wrote; `isDecided` tells edits that somebody was asked about.
 */
export function checkIntent(
  entries: readonly LogEntry[],
  editOf: (
    identity: string,
    dataset: string,
    key: string,
    value: string | null,
    by: string,
  ) => JournaledEdit | undefined,
  writersOf: (device: string) => ReadonlySet<string>,
  isDecided: (edit: JournaledEdit) => boolean,
): readonly Violation[] {
  const violations: Violation[] = []
  const chains = new Map<string, Row[]>()
  for (const entry of entries) {
    if (entry.kind === 'collected') continue
    if (entry.kind === 'delete') {
      for (const [name, chain] of chains) {
        if (!name.startsWith(JSON.stringify([entry.identity, entry.dataset]).slice(0, -1) + ',')) continue
        chain.push({ count: entry.count, by: entry.by, value: null })
      }
      continue
    }
    for (const patch of entry.patches) {
      const value = patch.op === 'replace' ? patch.value : null
      const name = JSON.stringify([entry.identity, entry.dataset, patch.key])
      const chain = chains.get(name) ?? []
      chains.set(name, chain)
      const edit = editOf(entry.identity, entry.dataset, patch.key, value, entry.by)
      if (edit !== undefined && !isDecided(edit)) {
        const own = writersOf(edit.device)
        // What this device wrote itself on top was judged when it was written.
        const last = chain.at(-1)
        const theirs = last !== undefined && !own.has(last.by) ? last : undefined
        const unseen = theirs !== undefined && theirs.count > edit.base && theirs.value !== value ? theirs : undefined
        // Nothing was there when the edit was made, or after what the device itself had written by then, and they left nothing:
        // nobody's value is written over.
        const base = chain.findLast((row) => row.count <= edit.base)?.value ?? null
        const isNothing =
          unseen?.value === null && (base === null || chain.findLast((row) => own.has(row.by))?.value === null)
        if (unseen !== undefined && !isNothing) {
          violations.push({
            checker: 'intent',
            message: `${entry.dataset}/${JSON.stringify(patch.key)}: ${edit.device} had seen count ${edit.base} and at ${entry.count} wrote over what ${unseen.by} wrote at ${unseen.count}`,
          })
        }
      }
      chain.push({ count: entry.count, by: entry.by, value })
    }
  }
  return violations
}
