import type { WireError } from '@satchel/protocol'
import type { Life } from './life.js'
import type { NetworkWatch } from './sim-network.js'
import type { VirtualTime } from './virtual-time.js'

/** What a tab asks for: a new token for its connection, or anything else. Each may have to wait for itself. */
export type Errand = 'renewal' | 'rest'

/** Knows until when the server told each tab to wait, and reports the one that does not. */
export class Patience {
  private readonly notBefore = new Map<Life, Record<Errand, number>>()

  constructor(
    private readonly time: VirtualTime,
    private readonly watch: Pick<NetworkWatch, 'told' | 'impatient'>,
  ) {}

  /** A refusal arrives at a tab: it may have to wait. */
  told(life: Life, error: WireError, what: Errand): void {
    const until = this.notBefore.get(life) ?? { renewal: 0, rest: 0 }
    if (error.retryAfterMs !== null) until[what] = this.time.now + error.retryAfterMs
    this.notBefore.set(life, until)
    this.watch.told(`${life.name} is told ${error.code}, ${error.retryAfterMs}`)
  }

  /** The app itself begins anew at a tab, whatever the server asked for. */
  excuse(life: Life): void {
    this.notBefore.delete(life)
  }

  /** A tab asks for something. */
  asking(life: Life, what: Errand, asked: string): void {
    const until = this.notBefore.get(life)
    if (until === undefined) return
    const earlyMs = until[what] - this.time.now
    until[what] = 0
    if (earlyMs > 1)
      this.watch.impatient(`${life.name} asked ${Math.round(earlyMs)} ms sooner than it was told to (${asked})`)
  }
}
