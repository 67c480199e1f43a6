import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Makes names that were given, moved or taken away in a directory durable. */
export function syncDirectory(path: string): void {
  if (process.platform === 'win32') return // directories cannot be opened there
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
