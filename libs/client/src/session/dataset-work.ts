import { PATCHES_PER_BATCH_MAX, type Changed } from '@satchel/protocol'

/** Hints of one dataset that wait for their turn; with more than these the dataset is asked for. */
const HINTS_MAX = 64

/** Who is at a dataset: an exchange on the wire, or what is on its way into the journal. */
export type Hold = Readonly<{ onWire: boolean }>

/** What the session has in hand for one dataset. Nothing of it outlives the session. */
export class DatasetWork {
  /** One at a time. */
  hold: Hold | null = null
  /** A batch entry is on its way into the journal: by itself, or with a group that somebody else wrote. */
  batching: 'alone' | 'joined' | null = null
  /** The server is to be asked for changes. */
  pull = false
  /** No batch before the changes are here. */
  pullFirst = false
  /** Ask for everything, whatever is held: what helps when counts disagree for no reason that can be seen. */
  whole = false
  /** Refused as part of a message; to be sent in one of its own. */
  alone = false
  /** Exchanges in a row that brought a batch no further. */
  fruitless = 0
  /** Not to be sent anything any sooner, by the clock that never goes back. */
  notBeforeMs = 0
  patchesMax = PATCHES_PER_BATCH_MAX
  #hints: Changed[] = []

  hear(hint: Changed): void {
    if (this.#hints.length < HINTS_MAX) this.#hints.push(hint)
    else this.ask()
  }

  /** The server is asked for changes, which says what the hints said. */
  ask(): void {
    this.#hints = []
    this.pull = true
  }

  takeHints(): readonly Changed[] {
    const hints = this.#hints
    this.#hints = []
    return hints
  }
}
