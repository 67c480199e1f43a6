import { errorCodes } from '@satchel/protocol'
import type { Logger } from 'pino'
import { operationNames, UNKNOWN_OPERATION } from './operation-names.js'

/** All that a log line says of a request. No path, query, header or body: those hold tokens and users' values. */
export type RequestFacts = Readonly<{
  requestId: string
  method: string
  /** From the closed set of operations, else `unknown`. */
  operation: string
  status: number
  /** From the closed table of error codes, or `OK`. */
  code: string
  ms: number
  /** Of the answer's body. */
  bytes: number
}>

/**
 * Logs an answered request: what went wrong on our side as an error, a probe or scrape for
 * those who debug, the rest as information (SPEC O21). That the server is not ready other lines tell, once (PL13). Copies the
 * facts by name, so that a caller who hands over more does not log more.
 */
export function logRequest(log: Logger, facts: RequestFacts): void {
  const level = levelOf(facts)
  if (!log.isLevelEnabled(level)) return
  const { requestId, method, operation, status, code, ms, bytes } = facts
  const known = {
    operation: operationNames.has(operation) ? operation : UNKNOWN_OPERATION, // callers may ask for anything
    code: code === 'OK' || Object.hasOwn(errorCodes, code) ? code : 'unknown',
  }
  log[level]({ requestId, method, ...known, status, ms: rounded(ms), bytes }, 'answered')
}

function levelOf({ operation, status, code }: RequestFacts): 'error' | 'debug' | 'info' {
  const isFault = status >= 500
  if (PROBES.has(operation) && (!isFault || code === 'ServiceUnavailable')) return 'debug'
  return isFault ? 'error' : 'info'
}

/** They come every few seconds, for ever. */
const PROBES: ReadonlySet<string> = new Set(['Health', 'Metrics'])

const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000
