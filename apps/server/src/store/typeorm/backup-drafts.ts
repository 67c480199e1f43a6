import { readdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { removeDatabase } from './copied-database.js'

/** Drafts that this process is writing. */
const underway = new Set<string>()

/**
 * Has a backup written under a name that says whose it is, until it is whole, and removes what is left of that. First removes what backups that
 * were killed left in the folder (X21): drafts of processes of this machine that are no more. What somebody may be writing stays, and so does
 * what another machine began.
 */
export async function inDraft<T>(target: string, write: (draft: string) => Promise<T>): Promise<T> {
  removeLeftDrafts(dirname(target))
  const draft = `${target}.${machine()}.${process.pid}.part`
  if (underway.has(draft)) throw new Error(`${target} is being written`)
  underway.add(draft)
  try {
    return await write(draft)
  } finally {
    removeDatabase(draft)
    underway.delete(draft)
  }
}

function removeLeftDrafts(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, host, pid] = /\.([\w-]+)\.(\d+)\.part$/.exec(name) ?? []
    const draft = join(folder, name)
    if (host === machine() && !underway.has(draft) && !isOfOther(Number(pid))) removeDatabase(draft)
  }
}

/** Containers of one name have the same numbers again and again, so what bears this process's number is not another's. */
function isOfOther(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    return process.kill(pid, 0)
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** This machine, as part of a file's name. */
const machine = (): string => `satchel-${hostname().replace(/[^\w-]/g, '-')}`
