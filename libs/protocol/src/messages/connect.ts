import { parseIdentityId, parseIdentityPoolId, type IdentityId, type IdentityPoolId } from '../ids.js'
import type { Limits } from '../limits.js'
import { PROTOCOLS_MAX, TOKEN_LENGTH_MAX } from './bounds.js'
import { exactly, hiddenText, integer, listOf, parserOf, takenBy } from './shape.js'

/** What a client says as it connects: socket.io's `auth`. */
export type ConnectRequest = Readonly<{
  /** Versions of the protocol that the client speaks, at most 16. */
  protocols: readonly number[]
  /** An OpenID token of this server's. */
  token: string
}>

/** The server's first message on a socket, and its answer to a {@link RenewRequest}. */
export type Hello = Readonly<{
  /** The highest version that both ends speak. */
  protocol: number
  pool: IdentityPoolId
  identity: IdentityId
  /** When the token ends and the socket with it, epoch milliseconds by the server's clock. */
  expiresAt: number
  /** The server's clock, epoch milliseconds. */
  serverTime: number
  /** What a dataset and an identity may hold here, so that a client knows before it is refused. */
  limits: Limits
}>

/** Puts a newer token of the same identity in the place of the one that a live socket was opened with. */
export type RenewRequest = Readonly<{ token: string }>

const token = hiddenText({ min: 1, max: TOKEN_LENGTH_MAX })

export const parseConnectRequest = parserOf<ConnectRequest>(
  exactly<ConnectRequest>({ protocols: listOf(integer(1), { min: 1, max: PROTOCOLS_MAX }), token }),
)

export const parseHello = parserOf<Hello>(
  exactly<Hello>({
    protocol: integer(1),
    pool: takenBy(parseIdentityPoolId),
    identity: takenBy(parseIdentityId),
    expiresAt: integer(),
    serverTime: integer(),
    limits: exactly<Limits>({
      recordsPerDatasetMax: integer(1),
      bytesPerDatasetMax: integer(1),
      datasetsPerIdentityMax: integer(1),
      bytesPerIdentityMax: integer(1),
    }),
  }),
)

export const parseRenewRequest = parserOf<RenewRequest>(exactly<RenewRequest>({ token }))
