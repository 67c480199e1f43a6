import { join } from 'node:path'
import type { Group, PlacedGroup } from '../../journal/entry.js'
import { fillGaps } from '../../journal/fill-gaps.js'
import { type Journal, JournalFault, type Recovered } from '../../journal/journal.js'
import { lockDirectory, nodeProcesses, type Processes } from './directory-lock.js'
import { type FileSystem, nodeFileSystem, type OpenFile, replaceFile } from './file-system.js'
import { decodeFrames, encodeFrame } from './journal-frames.js'
import { readLines, type Head, type Line } from './journal-lines.js'
import { refuseNewer, SnapshotDirectory } from './snapshot-directory.js'
import { systemFault } from './system-fault.js'

/** What this code writes; it reads no later one. */
const FORMAT = 1

type Snapshot = Readonly<{ through: number; bytes: Uint8Array }>

/**
 * A journal in a directory of its own: the file `journal`, to which each group is appended as one frame and synced, and
 * `snapshot-<generation>`. Both are only ever replaced whole, by renaming. One process at a time has the directory.
 *
 * A frame that was cut short by a crash is dropped; it was never acknowledged. What is broken between readable frames
 * is told, stays where it is until the next compaction, and its places are told as empty groups.
 */
export class FileJournal implements Journal {
  readonly #snapshots: SnapshotDirectory
  #file: OpenFile | null = null
  #unlock: (() => Promise<void>) | null = null
  /** End of the last frame that was acknowledged. */
  #end = 0
  #place = 0
  #through = 0
  #term = 0
  #generation = 0
  /** What has to be mended before anything is written again. */
  #owes: Readonly<{ cut: boolean; names: boolean }> = { cut: false, names: false }
  #queue: Promise<unknown> = Promise.resolve()
  #compacting: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(
    private readonly directory: string,
    private readonly files: FileSystem = nodeFileSystem,
    private readonly processes: Processes = nodeProcesses,
  ) {
    this.#snapshots = new SnapshotDirectory(files, directory, FORMAT)
  }

  get grown(): number {
    return this.#end
  }

  /** May be called again, also after the store was lost: whatever is there then is what counts. */
  recover(): Promise<Recovered> {
    return this.#inTurn(async () => {
      await this.files.makeDirectory(this.directory)
      // With the directory its lock went.
      if ((await this.files.list(this.directory)).length === 0) this.#unlock = null
      this.#unlock ??= await lockDirectory(this.files, this.directory, this.processes)
      try {
        return await this.#recover()
      } catch (error) {
        await this.#letGo()
        throw error
      }
    })
  }

  append(group: Group, term: number | null): Promise<number> {
    const text = JSON.stringify(group)
    return this.#inTurn(async () => {
      this.#checkTerm(term)
      const place = this.#place + 1
      await this.#write(`[${place},${text}]`)
      return (this.#place = place)
    })
  }

  readAfter(place: number): Promise<readonly PlacedGroup[]> {
    return this.#inTurn(async () => {
      if (place < this.#through) {
        throw new JournalFault(
          'unavailable',
          `groups after ${place} were replaced by a snapshot through ${this.#through}`,
        )
      }
      return fillGaps(place, await this.#readGroups(), this.#place)
    })
  }

  compact(snapshot: Snapshot, term: number | null): Promise<void> {
    const copy = { through: snapshot.through, bytes: snapshot.bytes.slice() }
    const done = this.#compacting.then(async () => {
      // The snapshot is written beside the appends that go on meanwhile, and only the change of files waits for its turn.
      const generation = await this.#inTurn(() => {
        this.#checkTerm(term)
        if (copy.through > this.#place) throw new Error(`snapshot through ${copy.through}, journal ${this.#place}`)
        return Promise.resolve(copy.through > this.#through ? ++this.#generation : null)
      })
      if (generation === null) return
      await this.#asFault(() => this.#snapshots.write(copy, generation))
      await this.#inTurn(() => {
        this.#checkTerm(term)
        return this.#dropThrough(copy.through, generation)
      })
    })
    this.#compacting = done.catch(() => undefined)
    return done
  }

  begin(snapshot: Snapshot, after = 0): Promise<boolean> {
    const copy = { through: snapshot.through, bytes: snapshot.bytes.slice() }
    return this.#inTurn(async () => {
      // Also tells a journal that is gone from one that holds nothing.
      const groups = await this.#readGroups()
      if (this.#place !== after || (after === 0 && (groups.length > 0 || this.#generation > 0))) return false
      const generation = this.#generation + 1
      await this.#snapshots.write(copy, generation)
      await this.#dropThrough(copy.through, generation)
      this.#generation = generation
      this.#place = copy.through
      return true
    })
  }

  takeTerm(): Promise<number> {
    return this.#inTurn(async () => {
      const term = this.#term + 1
      await this.#write(JSON.stringify({ term }))
      return (this.#term = term)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#compacting
    await this.#queue
    await this.#letGo()
  }

  get #path(): string {
    return join(this.directory, 'journal')
  }

  async #recover(): Promise<Recovered> {
    const { files, directory } = this
    await this.#file?.close()
    this.#file = null
    this.#owes = { cut: false, names: false }
    const bytes = await files.read(this.#path)
    const names = await files.list(directory)
    const { texts, end, broken } = decodeFrames(bytes ?? Buffer.alloc(0))
    const { head, term, groups } = readLines(texts)
    refuseNewer(directory, FORMAT, head?.format)
    const { snapshot, generations, unreadable } = await this.#snapshots.newest(names)

    // All is read, and all is of our format: from here on the directory may be changed.
    const damage = broken.map(({ from, to }) => `bytes ${from} to ${to} of ${this.#path} are broken and were left out`)
    for (const path of unreadable) damage.push(`${path} is broken and was left out`)
    const from = snapshot?.through ?? 0
    const dropped = head?.through ?? from
    if (dropped > from) damage.push(`groups ${from + 1} to ${dropped} of ${directory} were in no readable snapshot`)
    if (bytes === null && generations.length) damage.push(`${this.#path} was gone`)
    const last = Math.max(dropped, from, groups.at(-1)?.place ?? 0)
    const filled = fillGaps(from, groups, last)

    for (const name of names) if (name.endsWith('.tmp')) await files.remove(join(directory, name))
    if (!head) await this.#replaceJournal({ format: FORMAT, term, through: dropped }, groups)
    else await this.#openAt(end, bytes!.length > end)
    this.#generation = Math.max(0, ...generations)
    this.#through = Math.max(dropped, from)
    this.#place = last
    this.#term = term
    return { snapshot, groups: filled, damage: damage.join('; ') || null }
  }

  /** Makes the journal anew without the groups that a durable snapshot speaks for, and removes older snapshots. */
  async #dropThrough(through: number, generation: number): Promise<void> {
    const groups = await this.#readGroups()
    await this.#replaceJournal(
      { format: FORMAT, term: this.#term, through },
      groups.filter(({ place }) => place > through),
    )
    this.#through = through
    await this.#snapshots.removeOthers(generation)
  }

  async #readGroups(): Promise<readonly PlacedGroup[]> {
    await this.#mend()
    const bytes = (await this.files.read(this.#path)) ?? this.#gone()
    return readLines(decodeFrames(bytes.subarray(0, this.#end)).texts).groups
  }

  async #replaceJournal(head: Head, groups: readonly PlacedGroup[]): Promise<void> {
    const lines: Line[] = [head, ...groups.map(({ place, group }) => [place, group] as const)]
    const bytes = Buffer.concat(lines.map((line) => encodeFrame(JSON.stringify(line))))
    // Some systems rename nothing over a file that is open.
    await this.#file?.close()
    this.#file = null
    try {
      await replaceFile(this.files, this.#path, bytes)
      await this.#openAt(bytes.length, false)
    } catch (error) {
      // Either file may have the name now, and the name may not be durable.
      this.#owes = { cut: false, names: true }
      this.#end = -1
      throw error
    }
  }

  async #openAt(end: number, cut: boolean): Promise<void> {
    this.#file = await this.files.open(this.#path, { create: false })
    this.#end = end
    if (!cut) return
    await this.#file.truncate(end)
    await this.#file.sync()
  }

  /** Appends durably. A disk error is met once by opening the file anew and writing again; what did not get in whole is cut off. */
  async #write(text: string): Promise<void> {
    const frame = encodeFrame(text)
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#mend()
        const file = this.#file!
        await file.write(frame, this.#end)
        await file.sync()
        // A file that was removed takes everything and keeps nothing.
        if (!file.isLinked()) this.#gone()
        this.#end += frame.length
        return
      } catch (error) {
        this.#owes = { ...this.#owes, cut: this.#end >= 0 }
        const fault = systemFault(error, this.directory)
        if (fault.kind !== 'unavailable' || attempt === 2) {
          // Now if that can be, lest a group that was refused is there after a restart; else before the next append.
          await this.#mend().catch(() => undefined)
          throw fault
        }
        await this.#file?.close().catch(() => undefined)
        this.#file = null
      }
    }
  }

  async #mend(): Promise<void> {
    if (!this.#file) {
      // A file that was just replaced, or not, has nothing behind its last frame; else we know where it ends.
      const end = this.#end >= 0 ? this.#end : decodeFrames((await this.files.read(this.#path)) ?? this.#gone()).end
      await this.#openAt(end, false)
    }
    if (this.#owes.names) await this.files.syncDirectory(this.directory)
    if (this.#owes.cut) {
      await this.#file!.truncate(this.#end)
      await this.#file!.sync()
    }
    this.#owes = { cut: false, names: false }
  }

  #checkTerm(term: number | null): void {
    if (term === null || term === this.#term) return
    throw new JournalFault('fenced', `term ${term} of ${this.directory} has ended, it is at term ${this.#term}`)
  }

  #gone(): never {
    throw new JournalFault('lost', `the journal in ${this.directory} was there and is gone`)
  }

  async #letGo(): Promise<void> {
    await this.#file?.close().catch(() => undefined)
    this.#file = null
    await this.#unlock?.().catch(() => undefined)
    this.#unlock = null
  }

  /** One after the other, whatever becomes of the one before. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new Error(`the journal in ${this.directory} is closed`))
    const answer = this.#queue.then(() => this.#asFault(act))
    this.#queue = answer.catch(() => undefined)
    return answer
  }

  async #asFault<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      throw systemFault(error, this.directory)
    }
  }
}
