import type { Intent, Shown } from './client-process.js'

type Told = { readonly intent: Intent; saved: boolean; after: number | null }

/** Keys and values; a key is named together with its dataset. */
export type State = ReadonlyMap<string, string>

/**
 * All edits of one device, in order, over all its lives, and the proof that what it shows after each of its deaths is what
 * those edits lead to: all of them up to some point, that point not before the last one that was `saved`, and none
 * after it. Only keys that no other device writes are looked at, `<device>.…`.
 */
export class ClientHistory {
  /** What was shown at the last opening. */
  private base: State = new Map()
  /** Edits since. */
  private tail: Told[] = []
  private readonly shared: Told[] = []

  constructor(readonly device: string) {}

  intended(intent: Intent): void {
    const told: Told = { intent, saved: false, after: null }
    this.tail.push(told)
    if (intent.edits.some(([key]) => !this.owns(key))) this.shared.push(told)
  }

  saved(n: number, after: number): void {
    const told = this.tail.find(({ intent }) => intent.n === n)
    if (told === undefined) throw new Error(`edit ${n} of ${this.device} is told to be saved, and was never begun`)
    Object.assign(told, { saved: true, after })
  }

  /** Edits of keys that every device writes. */
  get sharedEdits(): readonly Readonly<Told>[] {
    return this.shared
  }

  /** Takes in what the device shows when it is opened again; answers what is wrong with it, in words. */
  reopened(shown: Readonly<Record<string, Shown>>): readonly string[] {
    const found = this.ownedIn(shown)
    const { base, tail } = this
    const savedEnd = tail.findLastIndex(({ saved }) => saved) + 1
    this.base = found
    this.tail = []
    let state = new Map(base)
    const tried: string[] = []
    for (let end = 0; end <= tail.length; end++) {
      if (end > 0) state = after(state, tail[end - 1]!.intent)
      if (end < savedEnd) continue
      const why = difference(state, found)
      if (why === null) return []
      tried.push(`${end} of ${tail.length} edits since, ${savedEnd} to the last one saved: ${why}`)
    }
    return tried.map((why) => `${this.device} shows what no edits of it lead to; ${why}`)
  }

  private ownedIn(shown: Readonly<Record<string, Shown>>): State {
    const owned = new Map<string, string>()
    for (const [dataset, { entries }] of Object.entries(shown)) {
      for (const [key, value] of entries) if (this.owns(key)) owned.set(`${dataset} ${key}`, value)
    }
    return owned
  }

  private owns(key: string): boolean {
    return key.startsWith(`${this.device}.`)
  }
}

function after(state: State, { dataset, edits }: Intent): Map<string, string> {
  const next = new Map(state)
  for (const [key, value] of edits) {
    if (key.startsWith('shared.')) continue
    if (value === null) next.delete(`${dataset} ${key}`)
    else next.set(`${dataset} ${key}`, value)
  }
  return next
}

/** In words, the first key that differs; null for none. */
function difference(expected: State, found: State): string | null {
  const stamp = (value: string | undefined): string => (value === undefined ? 'nothing' : value.slice(0, 20))
  for (const key of new Set([...expected.keys(), ...found.keys()])) {
    const [wanted, there] = [expected.get(key), found.get(key)]
    if (wanted !== there) return `${key} is ${stamp(there)}, not ${stamp(wanted)}`
  }
  return null
}

/**
 * What is wrong with the value that a key, which every device writes, has in the end under `last-writer`. All devices share
 * one clock here, so no value that was saved may have been written later than what stayed. A removal may: of a key that
 * another device has removed already it is adopted without a word, and leaves the time of that one's removal. So what a
 * device wrote before a removal of its own is not looked at.
 */
export function faultOfShared(
  { dataset, key, value }: Readonly<{ dataset: string; key: string; value: string | null }>,
  histories: Iterable<ClientHistory>,
): string | null {
  const editsByDevice = [...histories].map(({ sharedEdits }) =>
    sharedEdits.flatMap(({ intent, saved, after }) =>
      intent.dataset === dataset
        ? intent.edits.filter(([edited]) => edited === key).map(([, to]) => ({ to, saved, after, at: intent.before }))
        : [],
    ),
  )
  const edits = editsByDevice.flat()
  const written = editsByDevice.flatMap((own) =>
    own.slice(own.findLastIndex(({ to }) => to === null) + 1).filter(({ saved }) => saved),
  )
  const lastSavedAt = Math.max(-Infinity, ...written.map(({ at }) => at))
  if (value === null && lastSavedAt === -Infinity) return null
  // Of an edit that was begun and not told to be saved it is not known when it was made, only that it was not before.
  const stayed = edits.some(({ to, after }) => to === value && (after === null || after >= lastSavedAt))
  if (stayed) return null
  const later = edits
    .filter(({ at }) => at >= lastSavedAt)
    .map((edit) => ({ ...edit, to: edit.to?.slice(0, 20) ?? null }))
  return `${dataset} ${key} ended as ${value?.slice(0, 20) ?? 'nothing'}, and there were later edits: ${JSON.stringify(later)}`
}
