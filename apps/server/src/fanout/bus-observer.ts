import type { WireFault } from './wire.js'

/** Why a message of this node went nowhere: no connection, too much under way, or an answer that said no. */
export type DropReason = 'away' | 'full' | 'failed'

/** Why a message that came was not believed: of another version, sealed by nobody of this site, or not what is said on that channel. */
export type RefusalReason = 'version' | 'forged' | 'malformed'

/** What the bus tells whoever watches it. */
export interface BusObserver {
  /** Other nodes are heard from now on; said when it had not been so. */
  up(): void
  /** Other nodes are not heard; said when it had been otherwise, at the first failure, and when it is of another kind. */
  away(fault: WireFault): void
  published(): void
  dropped(reason: DropReason, messages: number): void
  received(): void
  refused(reason: RefusalReason): void
}
