import type { TabMessage, Tabs } from '../../../libs/client/src/tabs/tabs.js'
import type { Chance } from './chance.js'
import type { Life } from './life.js'
import type { VirtualTime } from './virtual-time.js'

type Waiter = Readonly<{ tab: SimTabs; lost: () => void; grant: () => void }>

/** What the tabs of one device have in common: a channel, and one lock that a dead tab lets go of. */
export class TabsHub {
  private readonly members = new Set<SimTabs>()
  private holder: Waiter | null = null
  private waiting: Waiter[] = []

  constructor(
    readonly time: VirtualTime,
    readonly chance: Chance,
  ) {}

  join(life: Life): SimTabs {
    const tabs = new SimTabs(this, life)
    this.members.add(tabs)
    return tabs
  }

  /** The tab that leads, if it is not merely about to. */
  isHeldBy(life: Life): boolean {
    return this.holder?.tab.life === life
  }

  broadcast(from: SimTabs, message: TabMessage): void {
    const copy = structuredClone(message)
    for (const member of this.members) {
      if (member === from) continue
      // A channel keeps the order of what one tab says.
      const at = Math.max(this.time.now + this.chance.next() * 2, member.heardUntil.get(from) ?? 0)
      member.heardUntil.set(from, at)
      this.time.after(at - this.time.now, () => member.life.run(() => member.receive(copy)))
    }
  }

  request(waiter: Waiter, steal: boolean): void {
    if (steal && this.holder !== null) {
      const { tab, lost } = this.holder
      this.holder = null
      this.time.after(0, () => tab.life.run(lost))
      this.give(waiter)
      return
    }
    if (this.holder === null) this.give(waiter)
    else this.waiting.push(waiter)
  }

  release(waiter: Waiter): void {
    this.waiting = this.waiting.filter((other) => other !== waiter)
    if (this.holder !== waiter) return
    this.holder = null
    this.next()
  }

  leave(tab: SimTabs): void {
    this.members.delete(tab)
    this.waiting = this.waiting.filter((waiter) => waiter.tab !== tab)
    if (this.holder?.tab !== tab) return
    this.holder = null
    this.next()
  }

  /** Tabs that died without a word. */
  bury(life: Life): void {
    for (const member of [...this.members]) if (member.life === life) this.leave(member)
  }

  private next(): void {
    const next = this.waiting.shift()
    if (next !== undefined) this.give(next)
  }

  private give(waiter: Waiter): void {
    this.holder = waiter
    this.time.after(this.chance.next(), () => waiter.tab.life.run(waiter.grant))
  }
}

export class SimTabs implements Tabs {
  /** When the last message of each other tab arrives. */
  readonly heardUntil = new Map<SimTabs, number>()
  private readonly listeners = new Set<(message: TabMessage) => void>()

  constructor(
    private readonly hub: TabsHub,
    readonly life: Life,
  ) {}

  tell(message: TabMessage): void {
    if (!this.life.isOver) this.hub.broadcast(this, message)
  }

  listen(listener: (message: TabMessage) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  lead({ steal, lost }: Readonly<{ steal: boolean; lost: () => void }>): Promise<Readonly<{ release: () => void }>> {
    if (this.life.isOver) return new Promise(() => {})
    return new Promise((resolve) => {
      const waiter: Waiter = { tab: this, lost, grant: () => resolve({ release: () => this.hub.release(waiter) }) }
      this.hub.request(waiter, steal)
    })
  }

  receive(message: TabMessage): void {
    for (const listener of [...this.listeners]) listener(message)
  }

  close(): void {
    this.listeners.clear()
    this.hub.leave(this)
  }
}
