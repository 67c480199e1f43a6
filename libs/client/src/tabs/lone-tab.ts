import type { Tabs } from './tabs.js'

/** The only tab there is, as in Node, where one process has a store: it always leads. */
export class LoneTab implements Tabs {
  tell(): void {
    // Nobody to tell.
  }

  listen(): () => void {
    return () => undefined
  }

  lead(): Promise<Readonly<{ release: () => void }>> {
    return Promise.resolve({ release: () => undefined })
  }

  close(): void {
    // Nothing is held.
  }
}
