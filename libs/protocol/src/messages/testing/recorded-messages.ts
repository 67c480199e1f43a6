import { readFileSync } from 'node:fs'
import type { Parsed } from '../../violation.js'
import { parseConnectRequest, parseHello, parseRenewRequest } from '../connect.js'
import { parseSyncAnswer, parseSyncRequest } from '../sync.js'
import { parseChanged, parseWatchAnswer, parseWatchRequest } from '../watch.js'
import { parseWireAnswer, parseWireError } from '../wire-answer.js'

/** What JSON can say. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
type Examples = Record<keyof typeof parsers, Record<string, Json>>

/** A parser for each message of the native protocol, by its name. */
export const parsers = {
  ConnectRequest: parseConnectRequest,
  Hello: parseHello,
  RenewRequest: parseRenewRequest,
  SyncRequest: parseSyncRequest,
  SyncAnswer: parseSyncAnswer,
  WatchRequest: parseWatchRequest,
  WatchAnswer: parseWatchAnswer,
  Changed: parseChanged,
  WireError: parseWireError,
  WireAnswer: (sent: unknown) => parseWireAnswer(sent, parseWatchAnswer),
} satisfies Record<string, (sent: unknown) => Parsed<unknown>>

const examples = JSON.parse(readFileSync(new URL('examples.json', import.meta.url), 'utf8')) as Examples

/** Every message in each of its variants, as it was recorded, with its parser. */
export const recorded = Object.entries(examples).flatMap(([message, variants]) =>
  Object.entries(variants).map(([variant, sent]) => ({
    message,
    variant,
    sent,
    parse: parsers[message as keyof typeof parsers],
  })),
)
