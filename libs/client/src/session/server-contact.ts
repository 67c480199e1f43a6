import { DATASETS_PER_MESSAGE_MAX, type DatasetName } from '@satchel/protocol'
import type { LocalStore } from '../local/local-store.js'
import type { Clock } from '../runtime/clock.js'
import { ConnectionFault } from '../transport/transport.js'
import type { Exchanges } from './exchanges.js'
import { Unwelcome, type Line } from './line.js'

/** How often a quiet connection is asked whether anything was missed; it also tells whether the connection still carries. */
const HEARTBEAT_MS = 30_000

export type ServerContactDeps = Readonly<{
  store: LocalStore
  term: number
  clock: Clock
  line: Line
  exchanges: Exchanges
  /** The server is reached, and knows the user; nothing was asked yet. */
  onConnected: () => void
  /** The connection, or the storage, does not go on. */
  lost: (fault: unknown) => void
}>

/** A session's connection: made as the identity that the store belongs to, and watching all of its datasets for as long as it lasts. */
export class ServerContact {
  #watched: ReadonlySet<DatasetName> = new Set()
  /** Rises with every connection, so that what belongs to an earlier one is recognised. */
  #turn = 0
  #heartMs = 0

  constructor(private readonly deps: ServerContactDeps) {}

  end(): void {
    this.#turn++
    this.deps.line.hangUp()
    this.deps.exchanges.end()
  }

  async connect(): Promise<void> {
    const { store, term, line, exchanges, lost } = this.deps
    const { replica } = store
    const turn = ++this.#turn
    try {
      const { hello } = await line.call(replica.greeting.identity, {
        changed: (hint) => {
          if (this.#watched.has(hint.dataset)) exchanges.changed(hint)
        },
        lost,
      })
      if (turn !== this.#turn) return
      const { identity, limits } = replica.greeting
      if (identity !== null && hello.identity !== identity) {
        line.forgetToken()
        const why = `the login is of identity ${hello.identity}, and what is stored here belongs to ${identity}`
        throw new Unwelcome(new ConnectionFault('refused', why))
      }
      if (replica.device === null) await store.write([exchanges.newDevice()], term)
      if (turn !== this.#turn) return
      this.deps.onConnected()
      exchanges.begin()
      if (identity === null || JSON.stringify(limits) !== JSON.stringify(hello.limits)) {
        // Asking need not wait for it, and no batch goes out that is not journaled behind it.
        exchanges.append([{ kind: 'greeted', identity: hello.identity, limits: hello.limits }])
      }
      // Watched first: what changes between the two is then told.
      this.watch()
      exchanges.pump()
    } catch (fault) {
      if (turn === this.#turn) lost(fault)
    }
  }

  /** Asks to be told of every dataset's changes, and of what was missed so far. */
  watch(): void {
    const turn = this.#turn
    const { store, clock, line, exchanges, lost } = this.deps
    const names = store.replica.datasets()
    this.#watched = new Set(names)
    this.#heartMs = clock.elapsed()
    // What no message has room for is looked at with every heartbeat.
    for (const dataset of names.slice(DATASETS_PER_MESSAGE_MAX)) exchanges.pull(dataset)
    const told = names.slice(0, DATASETS_PER_MESSAGE_MAX)
    line.watch({ datasets: told.map((dataset) => ({ dataset, ...store.replica.standing(dataset) })) }).then(
      ({ changed }) => {
        if (turn === this.#turn) for (const hint of changed) exchanges.changed(hint)
      },
      (fault: unknown) => {
        if (turn === this.#turn) lost(fault)
      },
    )
  }

  watchNew(): void {
    if (this.deps.store.replica.datasets().some((dataset) => !this.#watched.has(dataset))) this.watch()
  }

  /** Watches anew where that is long ago. */
  beat(): void {
    if (this.deps.clock.elapsed() - this.#heartMs >= HEARTBEAT_MS) this.watch()
  }
}
