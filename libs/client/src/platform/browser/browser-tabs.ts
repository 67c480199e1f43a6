import type { Clock } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import type { TabMessage, Tabs } from '../../tabs/tabs.js'
import { ChannelLead, type LeadMessage } from './channel-lead.js'

/**
 * Tabs and workers of one origin that have a store open: they talk over a BroadcastChannel, and the lead is a Web Lock. In
 * pages without Web Locks the lead is agreed over the channel, which is less exact; see {@link ChannelLead}.
 */
export class BrowserTabs implements Tabs {
  readonly #channel: BroadcastChannel
  readonly #locks: LockManager | undefined = globalThis.navigator?.locks
  readonly #agreed: ChannelLead
  readonly #listeners = new Set<(message: TabMessage) => void>()
  readonly #closing = new AbortController()
  #release = (): void => undefined

  constructor(
    private readonly store: string,
    deps: Readonly<{ clock: Clock; random: Random }>,
  ) {
    this.#channel = new BroadcastChannel(`satchel|${store}`)
    this.#channel.onmessage = ({ data }: MessageEvent<TabMessage | LeadMessage>) => {
      if ('lead' in data) this.#agreed.hear(data)
      else for (const listener of this.#listeners) listener(data)
    }
    this.#agreed = new ChannelLead({
      id: deps.random.uuid(),
      clock: deps.clock,
      say: (message) => this.#channel.postMessage(message),
    })
  }

  tell(message: TabMessage): void {
    if (!this.#closing.signal.aborted) this.#channel.postMessage(message)
  }

  listen(listener: (message: TabMessage) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** One that is still awaited when the tabs are closed never comes. */
  lead({ steal, lost }: Readonly<{ steal: boolean; lost: () => void }>): Promise<Readonly<{ release: () => void }>> {
    const locks = this.#locks
    if (!locks) return this.#agreed.lead(steal, lost)
    return new Promise((resolve) => {
      let leading = false
      const held = (): Promise<void> => {
        if (this.#closing.signal.aborted) return Promise.resolve()
        return new Promise((release) => {
          leading = true
          this.#release = () => {
            leading = false
            release()
          }
          resolve({ release: this.#release })
        })
      }
      // A request cannot both steal and be given up; one that steals need not wait anyway.
      const options = steal ? { steal } : { signal: this.#closing.signal }
      locks.request(`satchel|${this.store}`, options, held).catch(() => {
        // Rejected after it was granted: another tab has stolen it. Before: it was given up.
        if (leading) lost()
        leading = false
      })
    })
  }

  close(): void {
    this.#release()
    this.#agreed.close()
    this.#closing.abort()
    this.#listeners.clear()
    this.#channel.close()
  }
}
