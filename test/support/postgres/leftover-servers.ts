import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commandOf, isAlive, textOf } from '../process-facts.js'

const NAME = /^satchel-postgres-(\d+)-/

/** A folder for a server, whose name tells which process is to end it. */
export const serverFolder = (): string => mkdtempSync(join(tmpdir(), `satchel-postgres-${process.pid}-`))

/** Ends the servers of test processes that are gone, and removes what they stored. */
export function sweepServers(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = NAME.exec(name)?.[1]
    if (owner === undefined || isAlive(Number(owner))) continue
    const folder = join(tmpdir(), name)
    const pid = Number(textOf(join(folder, 'data', 'postmaster.pid')).split('\n')[0])
    // By now the pid may belong to something else.
    if (pid > 0 && commandOf(pid).includes(folder)) killServer(pid)
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

/** SIGKILL for a server with all its processes, none of which then finishes or answers anything. */
export const killServer = (pid: number): void => signalServer(pid, 'SIGKILL')

/** A signal for a server with all its processes. */
export function signalServer(pid: number, signal: NodeJS.Signals): void {
  const children = textOf(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
  for (const each of [pid, ...children]) {
    try {
      process.kill(each, signal)
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'ESRCH') throw fault
    }
  }
}
