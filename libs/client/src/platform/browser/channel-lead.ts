import type { Clock } from '../../runtime/clock.js'

/** What tabs say to each other about the lead where the browser has no locks for it. */
export type LeadMessage = Readonly<{ lead: 'asked' | 'held' | 'taken' | 'free'; by: string }>

/** How long a tab that asks waits for one that leads to say so. */
const ANSWER_WAIT_MS = 300

/** One tab's wish to lead. */
type Wish = { lost: () => void; granted: (lead: Readonly<{ release: () => void }>) => void }

/**
 * The lead, agreed by messages, for pages without Web Locks (those served by plain http): who asks and hears nothing
 * leads, and who takes it tells the others. Two may lead for a moment when messages are late; the later one's term in the
 * journal then fences the earlier one, and each is told that it has lost as soon as messages arrive, and may ask again.
 * A tab that ends without a word keeps the lead until another one steals it.
 */
export class ChannelLead {
  #state: 'none' | 'waiting' | 'asking' | 'leading' = 'none'
  #wish: Wish | null = null
  #cancel = (): void => undefined

  constructor(private readonly deps: Readonly<{ id: string; clock: Clock; say: (message: LeadMessage) => void }>) {}

  lead(steal: boolean, lost: () => void): Promise<Readonly<{ release: () => void }>> {
    return new Promise((granted) => {
      this.#cancel()
      this.#wish = { lost, granted }
      if (steal) this.#take()
      else this.#ask()
    })
  }

  hear({ lead, by }: LeadMessage): void {
    const { id } = this.deps
    if (lead === 'asked') {
      if (this.#state === 'leading') this.#say('held')
      else if (this.#state !== 'asking') return
      else if (by < id) this.#wait()
      else this.#say('asked') // The other one may have come too late to hear it.
    } else if (lead === 'free') {
      if (this.#state === 'waiting') this.#ask()
    } else if (this.#state === 'asking') {
      this.#wait()
    } else if (this.#state === 'leading' && lead === 'taken') {
      const wish = this.#wish
      this.#stop()
      wish?.lost()
    }
  }

  close(): void {
    if (this.#state === 'leading' || this.#state === 'asking') this.#say('free')
    this.#stop()
  }

  #ask(): void {
    this.#state = 'asking'
    this.#say('asked')
    this.#cancel = this.deps.clock.after(ANSWER_WAIT_MS, () => this.#take())
  }

  #wait(): void {
    this.#cancel()
    this.#state = 'waiting'
  }

  #take(): void {
    const wish = this.#wish!
    this.#state = 'leading'
    this.#say('taken')
    const release = (): void => {
      if (this.#wish === wish) this.close()
    }
    wish.granted({ release })
  }

  #stop(): void {
    this.#cancel()
    this.#state = 'none'
    this.#wish = null
  }

  #say(lead: LeadMessage['lead']): void {
    this.deps.say({ lead, by: this.deps.id })
  }
}
