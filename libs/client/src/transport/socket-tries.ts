import { BACK_OFF_MS_BASE, STABLE_MS } from '../runtime/back-off.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import type { Connection, ConnectionFault, ConnectionListener, Transport } from './transport.js'

/** The longest first rest where no socket was ever greeted. */
const BLOCKED_MS_BASE = 15_000

/** No rest is longer, but for what a server asks. */
const REST_MS_MAX = 300_000

/**
 * When to try a socket where HTTP works. Those that fail are tried again after rests that grow: from short ones where a socket was
 * greeted before, since it is not the network that blocks them then, and from long ones where none ever was (NE13).
 */
export class SocketTries {
  #restUntilMs = 0
  /** No rest after a first failure is longer. */
  #firstMs = BLOCKED_MS_BASE
  /** And none after the next one. */
  #nextMs = BLOCKED_MS_BASE

  constructor(private readonly deps: Readonly<{ socket: Transport; clock: Clock; random: Random }>) {}

  get isResting(): boolean {
    return this.deps.clock.elapsed() < this.#restUntilMs
  }

  /** Does work once a socket may be tried; the answer cancels it. */
  afterRest(work: () => void): () => void {
    const { clock } = this.deps
    return clock.after(this.#restUntilMs - clock.elapsed(), work)
  }

  async connect(token: string, listener: ConnectionListener): Promise<Connection> {
    const { socket, clock } = this.deps
    let greetedMs = Infinity
    const connection = await socket.connect(token, {
      ...listener,
      closed: (why) => {
        // One that is torn at once is as good as none; a good one that is torn may be replaced at once.
        if (clock.elapsed() - greetedMs >= STABLE_MS) this.startOver()
        else if (why.kind !== 'refused') this.failed(why)
        listener.closed(why)
      },
    })
    greetedMs = clock.elapsed()
    if (this.#firstMs > BACK_OFF_MS_BASE) this.#firstMs = this.#nextMs = BACK_OFF_MS_BASE
    return connection
  }

  /** A socket has come to nothing, so the next one is tried after a rest. */
  failed({ error }: ConnectionFault): void {
    const { clock, random } = this.deps
    // Anything from nothing to the bound, so that devices which lost a server together do not come back together.
    this.#restUntilMs = clock.elapsed() + (error?.retryAfterMs ?? 0) + random.fraction() * this.#nextMs
    this.#nextMs = Math.min(REST_MS_MAX, 2 * this.#nextMs)
  }

  startOver(): void {
    this.#restUntilMs = 0
    this.#nextMs = this.#firstMs
  }
}
