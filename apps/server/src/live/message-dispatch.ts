import type { MessageMappingProperties } from '@nestjs/websockets'
import type { ErrorCode, WireAnswer, WireError } from '@satchel/protocol'
import type { Event, Socket } from 'socket.io'
import type { Clock } from '../runtime/clock.js'
import { liveSocketOf } from './authentication.js'
import type { LiveObserver } from './live-observer.js'
import type { LiveSocket } from './live-socket.js'
import type { LiveSockets } from './live-sockets.js'
import { DEFECT, STOPPING, wireErrorOf } from './wire-errors.js'

/** Messages of one socket that may be in work at a time. */
const IN_WORK_MAX = 8

type Handler = MessageMappingProperties['callback']
type Acknowledge = (answer: WireAnswer<unknown>) => void

/**
 * Brings a socket's messages to their handlers and their answers back (NB8). Every message that can be answered is
 * answered, exactly once, and never with anything that the client sent.
 */
export class MessageDispatch {
  constructor(private readonly deps: Readonly<{ sockets: LiveSockets; observer: LiveObserver; clock: Clock }>) {}

  /** Takes over all that arrives on a socket. */
  bind(socket: Socket, handlers: readonly MessageMappingProperties[]): void {
    const live = liveSocketOf(socket)
    const handlersByMessage = new Map(handlers.map(({ message, callback }) => [message as string, callback]))
    // Nothing is handed on, so socket.io itself never acts on what a client sent.
    socket.use((event) => {
      this.take(live, handlersByMessage, event).catch((cause: unknown) => {
        this.deps.observer.defect(cause)
        live.cut('faulty')
      })
    })
  }

  private async take(live: LiveSocket, handlers: ReadonlyMap<string, Handler>, event: Event): Promise<void> {
    const [message, ...args] = event as [string, ...unknown[]]
    const acknowledge = args.pop()
    if (typeof acknowledge !== 'function') {
      this.deps.sockets.end(live, 'faulty', refusal('InvalidParameter', 'a message has to ask for an acknowledgement'))
      return
    }
    const begunAt = this.deps.clock.elapsed()
    const answer = await this.answer(live, handlers.get(message), args)
    ;(acknowledge as Acknowledge)(answer)
    const code = answer.ok ? 'OK' : answer.error.code
    this.deps.observer.answered(live.number, message, code, this.deps.clock.elapsed() - begunAt)
    if (live.isOverfull) live.cut('slow')
  }

  private async answer(
    live: LiveSocket,
    handler: Handler | undefined,
    args: readonly unknown[],
  ): Promise<WireAnswer<unknown>> {
    if (this.deps.sockets.isDraining) return { ok: false, error: STOPPING }
    if (handler === undefined) return refused('UnknownOperation', 'there is no such message')
    if (args.length !== 1) return refused('InvalidParameter', 'a message is one object and asks for an acknowledgement')
    if (live.inWork >= IN_WORK_MAX) {
      return refused('TooManyRequests', `a socket may have ${IN_WORK_MAX} messages in work at a time`)
    }
    live.inWork++
    try {
      return { ok: true, answer: (await handler(args[0])) as unknown }
    } catch (thrown) {
      const error = wireErrorOf(thrown)
      if (error === null) this.deps.observer.defect(thrown)
      return { ok: false, error: error ?? DEFECT }
    } finally {
      live.inWork--
    }
  }
}

const refusal = (code: ErrorCode, message: string): WireError => ({ code, message, retryAfterMs: null })

const refused = (code: ErrorCode, message: string): WireAnswer<never> => ({ ok: false, error: refusal(code, message) })
