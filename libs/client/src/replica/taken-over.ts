import type { DatasetName, RecordKey } from '@satchel/protocol'
import type { Applied, Pending, Replica, Settled, Shown } from './replica.js'

/** What a replica shows and waits for, to be compared with a later state of it. */
export type Seen = ReadonlyMap<
  DatasetName,
  Readonly<{ entries: ReadonlyMap<string, string>; pending: readonly Pending[] }>
>

export const seenIn = (replica: Replica): Seen =>
  new Map(
    replica.datasets().map((name) => {
      const entries = new Map(replica.reader(name).entries())
      return [name, { entries, pending: replica.pending(name).filter(({ place }) => place > 0) }] as const
    }),
  )

/**
 * What changed between two states when the steps in between are unknown. An edit that does not wait any more was accepted if
 * the server's value is its own, and overruled if not, as far as can be seen.
 */
export function changedSince(before: Seen, replica: Replica): Applied {
  const shown: Shown[] = []
  const settled: Settled[] = []
  for (const dataset of new Set([...before.keys(), ...replica.datasets()])) {
    const { entries: were, pending } = before.get(dataset) ?? { entries: new Map<string, string>(), pending: [] }
    const are = new Map(replica.reader(dataset).entries())
    const keys = [...new Set([...were.keys(), ...are.keys()])].filter((key) => were.get(key) !== are.get(key))
    if (keys.length > 0) shown.push({ dataset, keys: keys as RecordKey[] })
    const waiting = new Set(replica.pending(dataset).map(({ key }) => key))
    for (const { key, value } of pending) {
      if (waiting.has(key)) continue
      const as = (are.get(key) ?? null) === value ? 'accepted' : 'overruled'
      settled.push({ dataset, key, through: replica.place, as })
    }
  }
  return { shown, settled }
}
