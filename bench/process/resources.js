import { readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100

/** Processor seconds that a process has used, all its threads; NaN where /proc is missing. */
export const cpuSeconds = (pid) => processorTime(pid, 11)

/** Processor seconds that processes have used which it started, and which have ended; NaN where /proc is missing. */
export const cpuSecondsOfEnded = (pid) => processorTime(pid, 13)

/** Two neighbouring fields of /proc, of user and of system. */
function processorTime(pid, field) {
  const text = readProc(pid, 'stat')
  if (text === null) return Number.NaN
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[field]) + Number(fields[field + 1])) / TICKS_PER_SECOND
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
