/** What this file uses of a better-sqlite3 connection. */
type Connection = Readonly<{ pragma(statement: string): unknown }>

/** How every connection that writes is set up: durable when a commit returns (W9). */
export function tuneWriter(connection: Connection): void {
  connection.pragma('journal_mode = WAL')
  connection.pragma('synchronous = FULL')
  connection.pragma('cache_size = -65536') // 64 MiB, taken only as it fills
  connection.pragma('wal_autocheckpoint = 8192') // 32 MiB: pages written again and again are copied back once
  connection.pragma('journal_size_limit = 67108864')
}

/** How the connection is set up that reads each row once. */
export function tuneRelayReader(connection: Connection): void {
  connection.pragma('cache_size = -4096')
}

/** How the connection that reads is set up. */
export function tuneReader(connection: Connection): void {
  connection.pragma('cache_size = -32768')
}
