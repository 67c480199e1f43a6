import { destination as toFile, pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino'
import type { LogLevel } from '../config/config.js'
import { defectFacts } from './defect-facts.js'

/**
 * A log of JSON lines on standard output: one line per record whatever the texts in it hold, an ISO time, and
 * nothing of errors but what `defectFacts` lets through (SPEC O20).
 *
 * Lines are written behind the caller's back, so call `flush` before the process ends.
 */
export function createLog(level: LogLevel, destination: DestinationStream = standardOutput()): Logger {
  return pino(
    {
      level,
      base: null, // one process, one host: whoever collects the lines knows both
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: defectFacts, cause: defectFacts },
    },
    oneLinePerRecord(destination),
  )
}

/**
 * JSON escapes control characters, but not the line and paragraph separators and the next-line character, at which
 * some readers of logs break lines too.
 */
function oneLinePerRecord(destination: DestinationStream): DestinationStream {
  const flushable: DestinationStream & Flushable = destination
  const escaping: DestinationStream & Flushable = {
    write: (line) => destination.write(OTHER_LINE_ENDS.test(line) ? line.replace(OTHER_LINE_ENDS_ALL, escaped) : line),
  }
  if (flushable.flushSync !== undefined) escaping.flushSync = () => flushable.flushSync?.()
  if (flushable.flush !== undefined) escaping.flush = (done) => flushable.flush?.(done)
  return escaping
}

type Flushable = { flush?(done?: (fault?: Error) => void): void; flushSync?(): void }

/** Lines gather for a moment, so that a busy server does not pay for a system call each. */
const standardOutput = (): DestinationStream =>
  toFile({ fd: 1, sync: false, minLength: LOG_BYTES_GATHERED, periodicFlush: LOG_FLUSH_MS })

const LOG_BYTES_GATHERED = 4_096
const LOG_FLUSH_MS = 50

const OTHER_LINE_ENDS = /[\u0085\u2028\u2029]/
const OTHER_LINE_ENDS_ALL = /[\u0085\u2028\u2029]/g

const escaped = (end: string): string => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`
