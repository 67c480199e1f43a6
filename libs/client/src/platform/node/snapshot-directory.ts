import { join } from 'node:path'
import { JournalFault } from '../../journal/journal.js'
import { replaceFile, type FileSystem } from './file-system.js'
import { decodeSnapshot, encodeSnapshot } from './snapshot-file.js'

type Snapshot = Readonly<{ through: number; bytes: Uint8Array }>

/** The files `snapshot-<generation>` of a journal, of which the newest that can be read counts. */
export class SnapshotDirectory {
  constructor(
    private readonly files: FileSystem,
    private readonly directory: string,
    private readonly format: number,
  ) {}

  /** Rejects with a fault of kind `newer-format` for a snapshot that later code has written. */
  async newest(
    names: readonly string[],
  ): Promise<{ snapshot: Snapshot | null; generations: number[]; unreadable: string[] }> {
    const generations = names
      .map((name) => Number(SNAPSHOT_NAME.exec(name)?.[1] ?? 0))
      .filter((generation) => generation > 0)
      .sort((one, other) => other - one)
    const unreadable: string[] = []
    for (const generation of generations) {
      const path = this.#pathOf(generation)
      const found = decodeSnapshot(await this.files.read(path), this.format)
      if (found && 'bytes' in found) return { snapshot: found, generations, unreadable }
      refuseNewer(this.directory, this.format, found?.format)
      unreadable.push(path)
    }
    return { snapshot: null, generations, unreadable }
  }

  /** Durable, and read back, once it resolves. */
  write(snapshot: Snapshot, generation: number): Promise<void> {
    const path = this.#pathOf(generation)
    return replaceFile(this.files, path, encodeSnapshot(snapshot, this.format), (stored) => {
      const found = decodeSnapshot(stored, this.format)
      if (found && 'bytes' in found) return
      throw new JournalFault('unavailable', `${path} was not stored as it was written`)
    })
  }

  async removeOthers(generation: number): Promise<void> {
    for (const name of await this.files.list(this.directory)) {
      const path = join(this.directory, name)
      if (SNAPSHOT_NAME.test(name) && path !== this.#pathOf(generation)) await this.files.remove(path)
    }
  }

  #pathOf(generation: number): string {
    return join(this.directory, `snapshot-${generation}`)
  }
}

const SNAPSHOT_NAME = /^snapshot-(\d+)$/

export function refuseNewer(directory: string, format: number, found = format): void {
  if (found <= format) return
  throw new JournalFault('newer-format', `${directory} has format ${found}, this code reads ${format}`)
}
