import type { ErrorCode } from '@satchel/protocol'

declare module 'fastify' {
  interface FastifyRequest {
    /** Where it came from, an IP address: limits by address count by this one (O27), never by `ip`. */
    clientAddress: string
    /** The operation that was asked for, where the route does not tell it; set by handlers of the root path. */
    operation?: string
    /** Set when the request was answered by an error. */
    refusedWith?: ErrorCode
  }
  interface FastifyContextConfig {
    /** The operation that a route is; see `SyncCall`. */
    operation?: string
  }
}
