import type { Limits } from '@satchel/protocol'
import type { BearerVerifier } from '../access/bearer.js'
import type { CommitFeed } from '../datasets/commit-feed.js'
import type { Exchange } from '../datasets/exchange.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import { Authentication } from './authentication.js'
import { HttpWatches } from './http-watches.js'
import type { LiveObserver } from './live-observer.js'
import { LiveOperations } from './live-operations.js'
import { LiveSockets } from './live-sockets.js'
import { MessageDispatch } from './message-dispatch.js'

export type LiveParts = Readonly<{
  exchange: Exchange
  feed: CommitFeed
  /** Asked late, since whoever makes them has to know whom to tell of departures. */
  bearers: () => BearerVerifier
  limits: Limits
  observer: LiveObserver
  clock: Clock
  random: Random
}>

/** The native face without its edge: what sockets and the HTTP twin share. */
export class Live {
  readonly sockets: LiveSockets
  readonly watches: HttpWatches
  readonly operations: LiveOperations
  readonly authentication: Authentication
  readonly dispatch: MessageDispatch
  readonly bearers: BearerVerifier
  readonly observer: LiveObserver

  constructor({ exchange, feed, bearers, limits, observer, clock, random }: LiveParts) {
    this.observer = observer
    this.bearers = {
      admit: (token) => bearers().admit(token),
      stands: (bearer) => bearers().stands(bearer),
      thoseStanding: (asked) => bearers().thoseStanding(asked),
    }
    this.sockets = new LiveSockets({ feed, bearers, observer, clock, random })
    this.watches = new HttpWatches({ exchange, feed, bearers: this.bearers, clock })
    const { sockets } = this
    this.operations = new LiveOperations({ exchange, sockets, bearers: this.bearers, limits, clock })
    this.authentication = new Authentication({ bearers: this.bearers, sockets, observer, clock })
    this.dispatch = new MessageDispatch({ sockets, observer, clock })
  }

  /** Answers what is in work and what waits, and ends every socket; nothing is taken any more. */
  drain(): Promise<void> {
    this.watches.end()
    return this.sockets.drain()
  }
}
