/** Messages of a client, each answered through its acknowledgement with a `WireAnswer`. */
export const CLIENT_MESSAGES = ['sync', 'watch', 'renew'] as const

/** Messages of the server, none of which is answered. */
export const SERVER_MESSAGES = ['hello', 'changed', 'closing'] as const
