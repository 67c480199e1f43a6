import { constants, fstatSync } from 'node:fs'
import { type FileHandle, link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * The few calls that stored files are made of. Tests replace it to stop between any two of them. Errors are those of
 * `node:fs`, with their `code`.
 */
export interface FileSystem {
  /** Makes the directory, durably, with those above it. */
  makeDirectory(path: string): Promise<void>
  /** Names in a directory; none where there is no directory. */
  list(directory: string): Promise<string[]>
  /** The whole file; null where there is none. */
  read(path: string): Promise<Buffer | null>
  /** For writing. */
  open(path: string, options: Readonly<{ create: boolean }>): Promise<OpenFile>
  /** Replaces a file of that name. */
  rename(from: string, to: string): Promise<void>
  /** Gives a file a second name; false where something has that name. */
  link(from: string, to: string): Promise<boolean>
  /** Removes a file; fine where there is none. */
  remove(path: string): Promise<void>
  /** Makes what was renamed, made and removed in a directory durable. */
  syncDirectory(directory: string): Promise<void>
}

export interface OpenFile {
  /** Writes all of the bytes, or fails; then any part of them may be there. */
  write(bytes: Uint8Array, position: number): Promise<void>
  truncate(size: number): Promise<void>
  /** Resolves once everything written is on the disk. */
  sync(): Promise<void>
  /** False once the file has no name any more: whatever is written to it is lost. */
  isLinked(): boolean
  close(): Promise<void>
}

export const nodeFileSystem: FileSystem = {
  async makeDirectory(path) {
    // Only the owner may look: what is in there are a user's values.
    const first = await mkdir(path, { recursive: true, mode: 0o700 })
    if (first === undefined) return
    for (let made = path; ; made = dirname(made)) {
      await nodeFileSystem.syncDirectory(dirname(made))
      if (made === first || made === dirname(made)) return
    }
  },
  list: (directory) => unlessMissing(readdir(directory), []),
  read: (path) => unlessMissing(readFile(path), null),
  async open(path, { create }) {
    return new NodeFile(await open(path, constants.O_RDWR | (create ? constants.O_CREAT : 0), 0o600))
  },
  rename,
  async link(from, to) {
    try {
      await link(from, to)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    }
  },
  remove: (path) => rm(path, { force: true, recursive: true }),
  async syncDirectory(directory) {
    // Windows has no such call, and keeps names in its own journal.
    if (process.platform === 'win32') return
    const handle = await open(directory, constants.O_RDONLY)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}

class NodeFile implements OpenFile {
  constructor(private readonly handle: FileHandle) {}

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      const { bytesWritten } = await this.handle.write(bytes, written, bytes.length - written, position + written)
      written += bytesWritten
    }
  }

  truncate(size: number): Promise<void> {
    return this.handle.truncate(size)
  }

  sync(): Promise<void> {
    return this.handle.datasync()
  }

  isLinked(): boolean {
    // A few microseconds, since an open file's entry is in memory; asking another thread costs ten times as much.
    return fstatSync(this.handle.fd).nlink > 0
  }

  close(): Promise<void> {
    return this.handle.close()
  }
}

/**
 * Puts a file in the place of another, whole and durable or not at all. The new one is called `<name>.tmp` on the way.
 * With `check`, it has to be read back and found right before it takes the place.
 */
export async function replaceFile(
  files: FileSystem,
  path: string,
  bytes: Uint8Array,
  check?: (stored: Buffer | null) => void,
): Promise<void> {
  const temporary = `${path}.tmp`
  await files.remove(temporary)
  await writeDurably(files, temporary, bytes)
  check?.(await files.read(temporary))
  await files.rename(temporary, path)
  await files.syncDirectory(dirname(path))
}

/** Writes a file that nobody has yet; its name is durable only once its directory is synced. */
export async function writeDurably(files: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const file = await files.open(path, { create: true })
  try {
    await file.write(bytes, 0)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function unlessMissing<T, N>(reading: Promise<T>, none: N): Promise<T | N> {
  try {
    return await reading
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return none
    throw error
  }
}
