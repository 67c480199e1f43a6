import { readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100

/** Processor seconds that a process has used, all its threads; NaN where /proc is missing. */
export function cpuSeconds(pid) {
  const text = readProc(pid, 'stat')
  if (text === null) return Number.NaN
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Resident memory in MiB; NaN where /proc is missing. */
export function residentMiB(pid) {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readProc(pid, 'status') ?? '')?.[1]
  return kibibytes === undefined ? Number.NaN : Number(kibibytes) / 1_024
}

function readProc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return null
  }
}
