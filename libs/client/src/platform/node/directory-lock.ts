import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { JournalFault } from '../../journal/journal.js'
import type { FileSystem } from './file-system.js'

/** The processes of this machine, as far as a lock has to know them. */
export type Processes = Readonly<{
  pid: number
  /** When a process began, in whatever words; '' where the system does not tell; null for one that does not run. */
  startOf(pid: number): string | null
}>

/** Two that come at the same moment look at each other this often before the one that must yield has yielded. */
const LOOKS_MAX = 200

let locks = 0

/**
 * Takes a directory for this process; the answer gives it back. Rejects with a `JournalFault` of kind `in-use` that names
 * the process which has it.
 *
 * Everybody puts up a file of their own, `lock-<pid>-<start>-<n>-want`, looks who else has one, and only then renames it to
 * `-held`. Since everybody puts up before looking, two can never both miss each other; of two who are looking, the
 * one whose name comes later yields. Files of processes that run no more (or whose number another process has now)
 * are removed.
 */
export async function lockDirectory(
  files: FileSystem,
  directory: string,
  processes: Processes,
): Promise<() => Promise<void>> {
  const { pid } = processes
  const own = `lock-${pid}-${processes.startOf(pid) ?? ''}-${threadId}.${++locks}`
  const want = join(directory, `${own}-want`)
  const held = join(directory, `${own}-held`)
  await othersYield(files, directory, processes, '')
  await (await files.open(want, { create: true })).close()
  try {
    for (let look = 0; look < LOOKS_MAX; look++) {
      if (!(await othersYield(files, directory, processes, own))) continue
      await files.rename(want, held)
      return () => files.remove(held)
    }
    throw new JournalFault('in-use', `another process is opening ${directory} at this moment`)
  } catch (error) {
    await files.remove(want)
    throw error
  }
}

/** False while somebody who must yield has not yielded yet; refuses when we are the one. */
async function othersYield(files: FileSystem, directory: string, processes: Processes, own: string): Promise<boolean> {
  let free = true
  for (const name of await files.list(directory)) {
    const [, pidText, start] = /^lock-(\d+)-([^-]*)-[\d.]+-(?:want|held)$/.exec(name) ?? []
    if (pidText === undefined || name === `${own}-want`) continue
    const pid = Number(pidText)
    if (!runs(processes, pid, start!)) {
      await files.remove(join(directory, name))
    } else if (name.endsWith('-held') || name < own) {
      throw new JournalFault('in-use', `process ${pid} has ${directory} open; one process at a time may`)
    } else {
      free = false
    }
  }
  return free
}

function runs(processes: Processes, pid: number, start: string): boolean {
  const now = processes.startOf(pid)
  return now !== null && (start === '' || now === '' || start === now)
}

export const nodeProcesses: Processes = {
  pid: process.pid,
  startOf(pid) {
    try {
      process.kill(pid, 0)
    } catch (error) {
      // Anything but "no such process" means that there is one, of somebody else.
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return null
    }
    try {
      // Field 22, counted behind the name, which may hold spaces; ticks since boot, so the boot belongs to it.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)
      return `${ticks}.${boot}`
    } catch {
      return ''
    }
  },
}
