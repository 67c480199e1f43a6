/** How syncing stands. Times are epoch milliseconds by the device's clock. */
export type Status =
  /** Not trying: the app paused it, or the device says that it has no network. */
  | Readonly<{ kind: 'offline'; since: number; reason: string }>
  | Readonly<{ kind: 'connecting'; since: number; reason: string }>
  /** Connected, and something is still to be sent or fetched. */
  | Readonly<{ kind: 'syncing'; since: number; reason: string }>
  /** Connected, nothing to do; changes of other devices arrive by themselves. */
  | Readonly<{ kind: 'live'; since: number; reason: string }>
  /** Something failed; it is tried again at `until`. */
  | Readonly<{ kind: 'waiting'; since: number; reason: string; until: number; attempt: number }>
  /** The server wants a token that the app's login does not give; `signIn` goes on. */
  | Readonly<{ kind: 'needs-auth'; since: number; reason: string }>
  /** Edits have not moved for longer than they should; the reason says why. It is still tried. */
  | Readonly<{ kind: 'stalled'; since: number; reason: string }>
