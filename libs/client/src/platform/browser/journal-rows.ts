import type { Group, PlacedGroup } from '../../journal/entry.js'

/** The one row of the store `meta`. */
export type Meta = Readonly<{
  format: number
  /** Made with the database; another one there means that this one is gone. */
  id: string
  term: number
  /** The last generation of snapshots that was begun. */
  begun: number
  snapshot: StoredSnapshot | null
}>

export type StoredSnapshot = Readonly<{ generation: number; through: number; pieces: number; checksum: number }>

/** A row of the store `groups`, as JSON; its key is the place. The id tells a group that was appended twice by mistake. */
export type Row = readonly [id: string, group: Group]

export const STORES = ['meta', 'groups', 'snapshots']

/** The keys of one generation's pieces. */
export const generation = (number: number): IDBKeyRange => IDBKeyRange.bound([number], [number + 1], false, true)

export function getMeta(
  transaction: IDBTransaction,
  then: (meta: Meta | undefined) => void,
): IDBRequest<Meta | undefined> {
  const getting = transaction.objectStore('meta').get('meta') as IDBRequest<Meta | undefined>
  getting.onsuccess = () => then(getting.result)
  return getting
}

/** Asks for the rows behind a place, to be read once the transaction is over. */
export function getRows(transaction: IDBTransaction, place: number): () => [number, string][] {
  const store = transaction.objectStore('groups')
  const range = IDBKeyRange.lowerBound(place, true)
  const places = store.getAllKeys(range) as IDBRequest<number[]>
  const texts = store.getAll(range) as IDBRequest<string[]>
  return () => places.result.map((at, index) => [at, texts.result[index]!])
}

export const placedGroups = (rows: readonly [number, string][]): PlacedGroup[] =>
  rows.map(([place, text]) => ({ place, group: (JSON.parse(text) as Row)[1] }))

/** A snapshot of its pieces. */
export function join(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}
