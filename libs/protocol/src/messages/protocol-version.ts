/** The version of the native protocol that this code speaks; docs/PROTOCOL.md tells what belongs to it. */
export const PROTOCOL_VERSION = 1

/** Where the native face is, below the server's URL: socket.io's path, and the prefix of the HTTP twin. */
export const SOCKET_PATH = '/socket.io'
export const HTTP_TWIN_PATH = '/sync/v1'
