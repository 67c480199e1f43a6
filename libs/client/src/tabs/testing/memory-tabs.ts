import type { TabMessage, Tabs } from '../tabs.js'

type Waiting = { tab: MemoryTab; grant: () => void }

/** Several tabs of one store in one process: what a browser does with a channel and a lock, to be held in the hand. */
export class MemoryTabs {
  readonly tabs = new Set<MemoryTab>()
  leader: MemoryTab | null = null
  readonly #waiting: Waiting[] = []

  /**
   * `deliver` runs a delivery later: in a microtask, unless a simulation has a clock of its own for it. Messages from one
   * tab to another have to stay in order.
   */
  constructor(readonly deliver: (delivery: () => void) => void = queueMicrotask) {}

  open(): MemoryTab {
    const tab = new MemoryTab(this)
    this.tabs.add(tab)
    return tab
  }

  /** Gives the lead to whoever has waited longest, frozen or not: a lock does not ask. */
  next(): void {
    this.leader = null
    this.#waiting.shift()?.grant()
  }

  await(waiting: Waiting): void {
    this.#waiting.push(waiting)
    if (!this.leader) this.next()
  }

  forget(tab: MemoryTab): void {
    this.#waiting.splice(0, this.#waiting.length, ...this.#waiting.filter((waiting) => waiting.tab !== tab))
    this.tabs.delete(tab)
    if (this.leader === tab) this.next()
  }
}

export class MemoryTab implements Tabs {
  readonly #listeners = new Set<(message: TabMessage) => void>()
  #closed = false
  /** What this tab is told once it thaws; null while it moves. */
  #missed: (() => void)[] | null = null
  #lost: () => void = () => undefined

  constructor(private readonly all: MemoryTabs) {}

  get leads(): boolean {
    return this.all.leader === this
  }

  tell(message: TabMessage): void {
    if (this.#closed) return
    const text = JSON.stringify(message)
    for (const other of this.all.tabs) {
      if (other !== this) this.all.deliver(() => other.#hear(JSON.parse(text) as TabMessage))
    }
  }

  listen(listener: (message: TabMessage) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  lead({ steal, lost }: Readonly<{ steal: boolean; lost: () => void }>): Promise<Readonly<{ release: () => void }>> {
    return new Promise((resolve) => {
      if (this.#closed) return
      const grant = (): void => {
        this.all.leader = this
        this.#lost = lost
        const release = (): void => {
          if (this.all.leader === this && this.#lost === lost) this.all.next()
        }
        this.#soon(() => resolve({ release }))
      }
      if (!steal) return this.all.await({ tab: this, grant })
      const robbed = this.all.leader
      const told = robbed ? robbed.#lost : null
      grant()
      if (robbed && told) robbed.#soon(told)
    })
  }

  /** From now on this tab hears nothing and is told nothing, as a tab in the background may be. It keeps the lead. */
  freeze(): void {
    this.#missed ??= []
  }

  /** Everything missed is told, in order. */
  thaw(): void {
    const missed = this.#missed ?? []
    this.#missed = null
    for (const tell of missed) this.#soon(tell)
  }

  /** Also what a crash is: locks and channels of a dead tab are let go of by the browser. */
  close(): void {
    this.#closed = true
    this.#missed = null
    this.#listeners.clear()
    this.all.forget(this)
  }

  #hear(message: TabMessage): void {
    if (this.#missed) {
      this.#missed.push(() => this.#hear(message))
      return
    }
    for (const listener of this.#listeners) listener(message)
  }

  #soon(tell: () => void): void {
    if (this.#missed) this.#missed.push(tell)
    else if (!this.#closed) this.all.deliver(tell)
  }
}
