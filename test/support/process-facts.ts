import { readFileSync } from 'node:fs'

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** How a process was called; empty for one that has gone. By then its pid may belong to something else. */
export const commandOf = (pid: number): string => textOf(`/proc/${pid}/cmdline`)

/** What a file holds; empty where there is none. */
export function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
