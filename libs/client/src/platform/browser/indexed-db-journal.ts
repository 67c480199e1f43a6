import { crc32 } from './checksum.js'
import type { Group, PlacedGroup } from '../../journal/entry.js'
import { fillGaps } from '../../journal/fill-gaps.js'
import { type Journal, JournalFault, type Recovered } from '../../journal/journal.js'
import type { Clock } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import { databaseFault, openDatabase, transact } from './database.js'
import {
  generation,
  getMeta,
  getRows,
  join,
  placedGroups,
  STORES,
  type Meta,
  type Row,
  type StoredSnapshot,
} from './journal-rows.js'

/** What this code writes; it reads no later one. */
const FORMAT = 1

/** Larger values are kept in files of their own by some browsers, which costs more than the pieces do. */
const PIECE_BYTES = 60 * 1024

/** What a row costs besides its text, by which `grown` weighs many small groups. */
const ROW_BYTES = 200

type Snapshot = Readonly<{ through: number; bytes: Uint8Array }>

/**
 * A journal in an IndexedDB database of its own. Groups are rows of an auto-increment store, so the browser itself gives
 * out places and gives none out twice; snapshots are cut in pieces.
 *
 * A connection that was closed under a call (by the browser, by another tab that deletes the database, by a lost storage
 * process) is opened anew once, and the call done again; a group that had got in after all is not appended twice.
 */
export class IndexedDbJournal implements Journal {
  #connection: Promise<IDBDatabase> | null = null
  /** Null before the first `recover`. */
  #id: string | null = null
  #grown = 0
  #seen = 0
  #appends = 0
  #closed = false
  readonly #writer: string

  constructor(private readonly deps: Readonly<{ name: string; clock: Clock; random: Random }>) {
    this.#writer = deps.random.uuid()
  }

  get grown(): number {
    return this.#grown
  }

  /** May be called again, also after the store was lost: whatever is there then is what counts. */
  async recover(): Promise<Recovered> {
    if (this.#id !== null) await this.#disconnect()
    this.#id = null
    const { meta, rows, pieces } = await this.#run((database) =>
      transact(database, STORES, 'readonly', (transaction, refuse) => {
        let pieces: IDBRequest<Uint8Array[]> | undefined
        const meta = getMeta(transaction, (found) => {
          const fault = this.#judge(found, null)
          if (fault) return refuse(fault)
          if (found!.snapshot) {
            pieces = transaction.objectStore('snapshots').getAll(generation(found!.snapshot.generation))
          }
        })
        const rows = getRows(transaction, 0)
        return () => ({ meta: meta.result!, rows: rows(), pieces: pieces?.result ?? [] })
      }),
    )
    this.#id = meta.id
    const through = meta.snapshot?.through ?? 0
    const bytes = meta.snapshot && join(pieces)
    const intact = !bytes || crc32(bytes) === meta.snapshot.checksum
    this.#grown = 0
    this.#seen = 0
    this.#saw(rows)
    return {
      snapshot: bytes && intact ? { through, bytes } : null,
      groups: fillGaps(intact ? through : 0, placedGroups(rows), through),
      damage: intact ? null : `the snapshot through ${through} of "${this.deps.name}" is broken and was left out`,
    }
  }

  async append(group: Group, term: number | null): Promise<number> {
    const id = `${this.#writer}.${++this.#appends}`
    const text = JSON.stringify([id, group] satisfies Row)
    let again = false
    const place = await this.#run(async (database) => {
      // After a cut it is unknown whether the group got in, so look.
      const known = again
        ? (await this.#rowsAfter(database, this.#seen)).find(([, row]) => row.startsWith(`["${id}"`))
        : null
      again = true
      if (known) return known[0]
      return transact(database, ['meta', 'groups'], 'readwrite', (transaction, refuse) => {
        getMeta(transaction, (meta) => {
          const fault = this.#judge(meta, term)
          if (fault) refuse(fault)
        })
        const added = transaction.objectStore('groups').add(text)
        return () => added.result as number
      })
    })
    this.#saw([[place, text]])
    return place
  }

  async readAfter(place: number): Promise<readonly PlacedGroup[]> {
    const rows = await this.#run((database) => this.#rowsAfter(database, place))
    this.#saw(rows.filter(([at]) => at > this.#seen))
    return fillGaps(place, placedGroups(rows))
  }

  async compact(snapshot: Snapshot, term: number | null): Promise<void> {
    const stored = await this.#storePieces(snapshot, term)
    const { through } = stored
    await this.#change(term, STORES, (meta, transaction, put) => {
      const held = meta.snapshot
      if (held && (stored.generation <= held.generation || through <= held.through)) {
        // Somebody was faster, and has removed earlier pieces; or this is the second go of what got in after all.
        if (stored.generation !== held.generation) {
          transaction.objectStore('snapshots').delete(generation(stored.generation))
        }
        return
      }
      transaction.objectStore('snapshots').delete(IDBKeyRange.upperBound([stored.generation], true))
      transaction.objectStore('groups').delete(IDBKeyRange.upperBound(through))
      put({ ...meta, snapshot: stored })
    })
    this.#grown = 0
  }

  async begin(snapshot: Snapshot, after = 0): Promise<boolean> {
    const stored = await this.#storePieces(snapshot, null)
    const { through } = stored
    let isOurs = false
    await this.#change(null, STORES, (meta, transaction, put) => {
      // The second go of what got in after all.
      isOurs = meta.snapshot?.generation === stored.generation
      if (isOurs) return
      const groups = transaction.objectStore('groups')
      const held = meta.snapshot
      const looking = groups.openKeyCursor(null, 'prev')
      looking.onsuccess = () => {
        const last = (looking.result?.key as number | undefined) ?? held?.through ?? 0
        isOurs = last === after && (after > 0 || held === null)
        const gone = isOurs ? held : stored
        if (gone) transaction.objectStore('snapshots').delete(generation(gone.generation))
        if (!isOurs) return
        // The browser gives out places behind the last one it has seen, also when that is gone.
        groups.put('', through)
        groups.delete(IDBKeyRange.upperBound(through))
        put({ ...meta, snapshot: stored })
      }
    })
    if (!isOurs) return false
    this.#grown = 0
    this.#seen = through
    return true
  }

  /** Stores a snapshot as one of a new generation, for which nothing speaks yet. */
  async #storePieces(snapshot: Snapshot, term: number | null): Promise<StoredSnapshot> {
    const { through } = snapshot
    const bytes = snapshot.bytes.slice()
    const checksum = crc32(bytes)
    const pieces = Math.ceil(bytes.length / PIECE_BYTES)

    let begun = 0
    await this.#change(term, ['meta'], (meta, _, put) => put({ ...meta, begun: (begun = meta.begun + 1) }))
    // No append waits for these two: they touch a store of their own.
    await this.#run((database) =>
      transact(database, ['snapshots'], 'readwrite', (transaction) => {
        for (let at = 0; at < pieces; at++) {
          const piece = bytes.slice(at * PIECE_BYTES, (at + 1) * PIECE_BYTES)
          transaction.objectStore('snapshots').put(piece, [begun, at])
        }
        return () => undefined
      }),
    )
    const kept = await this.#run((database) =>
      transact(database, ['snapshots'], 'readonly', (transaction) => {
        const reading = transaction.objectStore('snapshots').getAll(generation(begun)) as IDBRequest<Uint8Array[]>
        return () => join(reading.result)
      }),
    )
    if (crc32(kept) !== checksum) {
      throw new JournalFault('unavailable', `the snapshot through ${through} was not stored as it was written`)
    }
    return { generation: begun, through, pieces, checksum }
  }

  async takeTerm(): Promise<number> {
    let term = 0
    await this.#change(null, ['meta'], (meta, _, put) => put({ ...meta, term: (term = meta.term + 1) }))
    return term
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#disconnect()
  }

  /** Replaces the row of `meta`, if `act` does, in one transaction with whatever it does besides. */
  #change(
    term: number | null,
    stores: string[],
    act: (meta: Meta, transaction: IDBTransaction, put: (changed: Meta) => void) => void,
  ): Promise<void> {
    return this.#run((database) =>
      transact(database, stores, 'readwrite', (transaction, refuse) => {
        getMeta(transaction, (meta) => {
          const fault = this.#judge(meta, term)
          if (fault) return refuse(fault)
          act(meta!, transaction, (changed) => transaction.objectStore('meta').put(changed, 'meta'))
        })
        return () => undefined
      }),
    )
  }

  #rowsAfter(database: IDBDatabase, place: number): Promise<[number, string][]> {
    return transact(database, ['meta', 'groups'], 'readonly', (transaction, refuse) => {
      getMeta(transaction, (meta) => {
        const through = meta?.snapshot?.through ?? 0
        const fault = this.#judge(meta, null)
        if (fault) refuse(fault)
        else if (place < through) {
          refuse(
            new JournalFault('unavailable', `groups after ${place} were replaced by a snapshot through ${through}`),
          )
        }
      })
      return getRows(transaction, place)
    })
  }

  #judge(meta: Meta | undefined, term: number | null): JournalFault | null {
    const { name } = this.deps
    if (!meta || (this.#id !== null && meta.id !== this.#id)) return gone(name)
    if (meta.format > FORMAT) {
      return new JournalFault('newer-format', `"${name}" has format ${meta.format}, this code reads ${FORMAT}`)
    }
    if (term === null || term === meta.term) return null
    return new JournalFault('fenced', `term ${term} of "${name}" has ended, it is at term ${meta.term}`)
  }

  #saw(rows: readonly (readonly [place: number, text: string])[]): void {
    for (const [place, text] of rows) {
      this.#grown += text.length + ROW_BYTES
      this.#seen = Math.max(this.#seen, place)
    }
  }

  /** Does it again, once and over a new connection, when the first one fails for no reason of the journal's. */
  async #run<T>(act: (database: IDBDatabase) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      if (this.#closed) throw new Error(`the journal "${this.deps.name}" is closed`)
      const connection = this.#connection ?? this.#connect()
      try {
        return await act(await connection)
      } catch (error) {
        const fault = databaseFault(error, this.deps.name)
        if (fault.kind !== 'unavailable' || fault === error) throw fault
        if (this.#connection === connection) this.#connection = null
        void connection.then((database) => database.close()).catch(() => undefined)
        if (attempt === 2) throw fault
      }
    }
  }

  async #disconnect(): Promise<void> {
    const connection = this.#connection
    this.#connection = null
    await connection?.then(
      (database) => database.close(),
      () => undefined,
    )
  }

  #connect(): Promise<IDBDatabase> {
    const connection = openDatabase(this.deps.name, this.deps.clock, (database, transaction) => {
      if (this.#id !== null) throw gone(this.deps.name)
      database.createObjectStore('groups', { autoIncrement: true })
      database.createObjectStore('snapshots')
      database.createObjectStore('meta')
      const meta: Meta = { format: FORMAT, id: this.deps.random.uuid(), term: 0, begun: 0, snapshot: null }
      transaction.objectStore('meta').put(meta, 'meta')
    })
    this.#connection = connection
    connection.catch(() => {
      if (this.#connection === connection) this.#connection = null
    })
    return connection
  }
}

const gone = (name: string): JournalFault => new JournalFault('lost', `"${name}" was there and is gone`)
