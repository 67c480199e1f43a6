import type { DatasetName, RecordKey } from '@satchel/protocol'
import type { PlacedGroup } from '../journal/entry.js'
import type { Status } from '../status.js'

/** What tabs with the same store tell each other. */
export type TabMessage =
  | Readonly<{ kind: 'appended'; placed: PlacedGroup }>
  /** The leader's, so that every tab can show it. */
  | Readonly<{ kind: 'status'; status: Status }>
  /** Is there a leader that moves? Asked with a number, answered with it. */
  | Readonly<{ kind: 'ping' | 'pong'; number: number }>
  /** The leader's: the server wants to hear nothing for so long, from whichever tab. */
  | Readonly<{ kind: 'patience'; forMs: number }>
  /** The app asked a follower to synchronize, to pause or to go on. */
  | Readonly<{ kind: 'wish'; wish: 'synchronize' | 'pause' | 'resume' }>
  /** The leader's: nobody decided this conflict yet. */
  | Readonly<{ kind: 'deferred'; dataset: DatasetName; key: RecordKey }>
  /** The profile names another store or identity now; open that. */
  | Readonly<{ kind: 'profile' }>

/** The tabs of one store. Only one of them, the leader, talks to the network. */
export interface Tabs {
  /** Tells the other tabs; never this one. */
  tell(message: TabMessage): void
  /** Who is told what others say. The answer ends it. */
  listen(listener: (message: TabMessage) => void): () => void
  /**
   * Waits for the lead and keeps it until `release` is called or another tab steals it, which `lost` tells. With
   * `steal` it is taken from a leader that does not move.
   */
  lead(options: Readonly<{ steal: boolean; lost: () => void }>): Promise<Readonly<{ release: () => void }>>
  close(): void
}
