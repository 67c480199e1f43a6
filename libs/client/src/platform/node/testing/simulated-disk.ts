/* eslint-disable @typescript-eslint/require-await -- the port is asynchronous, this disk is not */
import type { FileSystem, OpenFile } from '../file-system.js'

type Inode = {
  bytes: Buffer
  /** What is there after a loss of power: the bytes when they were last synced. */
  synced: Buffer
}

/** Thrown by the call at which a simulated process dies, and by all its later ones. */
export class Died extends Error {}

/** What a crash leaves of what was not synced. */
export type Loss =
  /** The process died and the system goes on: everything that was written is there. */
  | Readonly<{ kind: 'process' }>
  /** The power went: only what was synced is there. */
  | Readonly<{ kind: 'power' }>
  /** The power went, and of every unsynced file only so many bytes beyond the synced ones had arrived. */
  | Readonly<{ kind: 'torn'; bytes: number }>
  /** The power went, and of the unsynced sectors (16 bytes here) those arrived whose bit is set. */
  | Readonly<{ kind: 'sectors'; bits: number }>

const SECTOR = 16

/**
 * A disk in memory that forgets what was not synced: bytes until their file is, names until their directory is. It dies at
 * a call of one's choosing.
 */
export class SimulatedDisk implements FileSystem {
  #names = new Map<string, Inode>()
  #syncedNames = new Map<string, Inode>()
  calls = 0
  diesAt = Infinity
  /** Set it to make a call fail: throw an error with a `code`. */
  before: (call: string, path: string) => void = () => undefined

  /** The disk as the next process finds it. */
  crashed(loss: Loss): SimulatedDisk {
    const next = new SimulatedDisk()
    const copies = new Map<Inode, Inode>()
    for (const [path, inode] of loss.kind === 'process' ? this.#names : this.#syncedNames) {
      let copy = copies.get(inode)
      if (!copy) {
        const bytes = remains(inode, loss)
        copies.set(inode, (copy = { bytes, synced: bytes }))
      }
      next.#names.set(path, copy)
      next.#syncedNames.set(path, copy)
    }
    return next
  }

  /** A file's bytes, to be looked at and to be broken; undefined where there is none. */
  file(path: string): Buffer | undefined {
    return this.#names.get(path)?.bytes
  }

  put(path: string, bytes: Uint8Array): void {
    const inode = { bytes: Buffer.from(bytes), synced: Buffer.from(bytes) }
    this.#names.set(path, inode)
    this.#syncedNames.set(path, inode)
  }

  get paths(): string[] {
    return [...this.#names.keys()].sort()
  }

  #call(call: string, path: string): void {
    if (++this.calls >= this.diesAt) throw new Died(`died at ${call} ${path}`)
    this.before(call, path)
  }

  async makeDirectory(path: string): Promise<void> {
    this.#call('makeDirectory', path)
  }

  async list(directory: string): Promise<string[]> {
    this.#call('list', directory)
    return this.paths.filter((path) => path.startsWith(`${directory}/`)).map((path) => path.slice(directory.length + 1))
  }

  async read(path: string): Promise<Buffer | null> {
    this.#call('read', path)
    const inode = this.#names.get(path)
    return inode ? Buffer.from(inode.bytes) : null
  }

  async open(path: string, { create }: Readonly<{ create: boolean }>): Promise<OpenFile> {
    this.#call('open', path)
    let inode = this.#names.get(path)
    if (!inode && !create) throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' })
    if (!inode) this.#names.set(path, (inode = { bytes: Buffer.alloc(0), synced: Buffer.alloc(0) }))
    return this.#opened(path, inode)
  }

  async rename(from: string, to: string): Promise<void> {
    this.#call('rename', to)
    this.#names.set(to, this.#names.get(from)!)
    this.#names.delete(from)
  }

  async link(from: string, to: string): Promise<boolean> {
    this.#call('link', to)
    if (this.#names.has(to)) return false
    this.#names.set(to, this.#names.get(from)!)
    return true
  }

  async remove(path: string): Promise<void> {
    this.#call('remove', path)
    this.#names.delete(path)
  }

  async syncDirectory(directory: string): Promise<void> {
    this.#call('syncDirectory', directory)
    this.#syncedNames = new Map(this.#names)
  }

  #opened(path: string, inode: Inode): OpenFile {
    return {
      write: async (bytes, position) => {
        try {
          this.#call('write', path)
        } catch (error) {
          // A write that fails may have got half of it in.
          if (this.calls <= this.diesAt) write(inode, bytes.subarray(0, bytes.length >> 1), position)
          throw error
        }
        write(inode, bytes, position)
      },
      truncate: async (size) => {
        this.#call('truncate', path)
        inode.bytes = Buffer.from(inode.bytes.subarray(0, size))
      },
      sync: async () => {
        this.#call('sync', path)
        inode.synced = inode.bytes
      },
      isLinked: () => {
        this.#call('isLinked', path)
        return [...this.#names.values()].includes(inode)
      },
      close: async () => {
        this.#call('close', path)
      },
    }
  }
}

function write(inode: Inode, bytes: Uint8Array, position: number): void {
  const grown = Buffer.alloc(Math.max(inode.bytes.length, position + bytes.length))
  inode.bytes.copy(grown)
  grown.set(bytes, position)
  inode.bytes = grown
}

function remains({ bytes, synced }: Inode, loss: Loss): Buffer {
  if (loss.kind === 'process') return bytes
  if (loss.kind === 'power') return synced
  if (loss.kind === 'torn') return Buffer.from(bytes.subarray(0, Math.min(bytes.length, synced.length + loss.bytes)))
  const left = Buffer.alloc(bytes.length)
  synced.copy(left)
  for (let at = 0, sector = 0; at < bytes.length; at += SECTOR) {
    const arrives =
      bytes.subarray(at, at + SECTOR).equals(left.subarray(at, at + SECTOR)) || (loss.bits >>> (sector++ % 30)) & 1
    if (arrives) bytes.copy(left, at, at, at + SECTOR)
  }
  return left
}
