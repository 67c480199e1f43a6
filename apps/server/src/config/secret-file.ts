import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { syncDirectory } from '../runtime/sync-directory.js'
import { errnoOf } from './errno.js'

/**
 * The text of a secret file; creates it, mode 0600, with the text of `create` when there is none (SPEC O8).
 *
 * The file appears whole and durable or not at all, and what is there is never replaced: of two processes that
 * start at once, both read what the first one wrote.
 */
export function readOrCreate(path: string, create: () => string): string {
  const held = readIfThere(path)
  if (held !== null) return held

  const draft = `${path}.${process.pid}.new`
  writeDurably(draft, create())
  publish(draft, path)
  syncDirectory(dirname(path))
  return readFileSync(path, 'utf8')
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null
    throw cause
  }
}

/** Makes or replaces a file of mode 0600; its text is durable when this returns, its name is not yet. */
export function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'w', 0o600)
  try {
    fchmodSync(file, 0o600) // a draft left over by a crash keeps its mode when it is opened again
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** A link, unlike a rename, fails when the name is taken. */
function publish(draft: string, path: string): void {
  try {
    linkSync(draft, path)
  } catch (cause) {
    if (errnoOf(cause) !== 'EEXIST' && readIfThere(path) === null) {
      // A file system without hard links; nobody else was faster, as the line above has just seen.
      renameSync(draft, path)
      return
    }
  }
  unlinkSync(draft)
}
