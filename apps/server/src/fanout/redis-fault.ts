import { WireFault } from './wire.js'

/** What a failure of the client library comes to, in a sentence without a secret. */
export function redisFault(cause: unknown): WireFault {
  const said = cause instanceof Error ? cause.message : String(cause)
  for (const [pattern, kind, sentence] of SENTENCES) {
    if (pattern.test(said)) return new WireFault(kind, sentence, { cause })
  }
  const code = codeOf(cause)
  return code === null
    ? new WireFault('failed', `Redis said what was not expected (${firstWord(said)})`, { cause })
    : new WireFault('unreachable', `no connection to Redis (${code})`, { cause })
}

const SENTENCES: readonly (readonly [RegExp, WireFault['kind'], string])[] = [
  [/^(WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password)/i, 'login', 'Redis refuses the login of SATCHEL_REDIS_URL'],
  [
    /^NOPERM/,
    'forbidden',
    'the user of SATCHEL_REDIS_URL lacks rights: it needs ssubscribe, sunsubscribe, spublish and ping, and the channels satchel:*',
  ],
  [
    /unknown command|unknown subcommand|NOPROTO/i,
    'unsuited',
    'this Redis is older than version 7, which sharded channels need',
  ],
  [
    /^(MOVED|CROSSSLOT|CLUSTERDOWN|Too many Cluster redirections)/,
    'unsuited',
    'this Redis is part of a cluster that does not serve all channels: SATCHEL_REDIS_URL has to name several of its nodes, and all of its slots have to be served',
  ],
  [/cluster support disabled/i, 'unsuited', 'SATCHEL_REDIS_URL names several nodes, and they are no cluster'],
  [/^(LOADING|MASTERDOWN|READONLY)/, 'unreachable', 'Redis is not ready yet'],
  [/max number of clients/i, 'unreachable', 'Redis has as many connections as it may have'],
  [
    // A name that nobody knows is quoted, and may have any of these in it.
    /^(?!getaddrinfo )[^]*(certificate|SSL|TLS|wrong version number)/i,
    'unreachable',
    'TLS with Redis failed; is it spoken there, and the certificate trusted?',
  ],
  [
    /^(Socket (closed|timeout)|Disconnects client|The client is (closed|offline)|Connection timeout)/i,
    'unreachable',
    'the connection to Redis ended',
  ],
  [/^All the root nodes are unavailable/, 'unreachable', 'none of the nodes that SATCHEL_REDIS_URL names answers'],
]

function codeOf(cause: unknown): string | null {
  if (typeof cause !== 'object' || cause === null) return null
  if ('code' in cause && typeof cause.code === 'string') return cause.code
  if ('errors' in cause && Array.isArray(cause.errors)) return codeOf(cause.errors[0])
  return 'cause' in cause ? codeOf(cause.cause) : null
}

/** Redis begins an error with its kind; what follows may quote what was sent. */
const firstWord = (said: string): string => /^[A-Za-z]{1,32}/.exec(said)?.[0] ?? 'no reason'
