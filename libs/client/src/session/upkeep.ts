import { asError } from '../as-error.js'
import { JournalFault } from '../journal/journal.js'
import type { LocalStore } from '../local/local-store.js'
import type { Clock } from '../runtime/clock.js'
import { mayStall, type Phase } from './session-state.js'

/** Edits that do not move for so long are said to be stalled. */
const STALLED_MS = 30_000

/** How often the session looks after itself. */
const TICK_MS = 5_000

export type UpkeepDeps = Readonly<{
  store: LocalStore
  term: number
  clock: Clock
  phase: () => Phase
  /** Edits moved, or there are none that should. */
  onMoved: () => void
  /** Edits wait, the server is tried, and none of them has moved for long. */
  onStuck: () => void
  /** Time to look at everything once more. */
  look: () => void
  onFenced: () => void
  onFault: (fault: Error) => void
}>

/** What a session does every few seconds, so that nothing waits for something that was forgotten. */
export class Upkeep {
  #movedMs: number
  #cancel: () => void = () => {}

  constructor(private readonly deps: UpkeepDeps) {
    this.#movedMs = deps.clock.elapsed()
  }

  start(): void {
    this.#tickLater()
    // Also for processes that never live until the first tick.
    this.#compact()
  }

  end(): void {
    this.#cancel()
  }

  /** Edits were taken or turned down. */
  moved(): void {
    this.#movedMs = this.deps.clock.elapsed()
    this.deps.onMoved()
  }

  #tickLater(): void {
    this.#cancel = this.deps.clock.after(TICK_MS, () => {
      this.#tickLater()
      this.#tick()
    })
  }

  #tick(): void {
    const { clock, phase, look, onStuck } = this.deps
    if (!mayStall(phase()) || !this.#hasUnsent()) this.moved()
    else if (clock.elapsed() - this.#movedMs >= STALLED_MS) onStuck()
    look()
    this.#compact()
  }

  /** Edits that are neither parked nor in a conflict. */
  #hasUnsent(): boolean {
    const { replica } = this.deps.store
    return replica.datasets().some((dataset) => {
      const pending = replica.pending(dataset).filter(({ parked }) => parked === null)
      if (pending.length === 0) return false
      const clashing = new Set(replica.clashes(dataset).map((clash) => clash.pending.key))
      return pending.some(({ key }) => !clashing.has(key))
    })
  }

  #compact(): void {
    const { store, term, onFenced, onFault } = this.deps
    store.compactIfDue(term).catch((fault: unknown) => {
      if (fault instanceof JournalFault && fault.kind === 'fenced') onFenced()
      else onFault(asError(fault))
    })
  }
}
